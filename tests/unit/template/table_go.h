/*
 * The language: what Go's text/template (1.19) makes of it, with the functions
 * that docker adds.
 */
#pragma once

#include "tests/unit/template/expected.h"

/* clang-format off */
/* ' stands for " */
static const char sample[] =
	"{'Id':'0123456789abcdef',"
	" 'Name':'a b',"
	" 'Int':42,"
	" 'Neg':-7,"
	" 'Real':1.5,"
	" 'True':true,"
	" 'False':false,"
	" 'Empty':'',"
	" 'List':['x','y','z'],"
	" 'Ints':[3,1,2],"
	" 'None':[],"
	" 'Obj':{'b':1,'a':'two','d':{'x':[1,'q']}},"
	" 'Labels':{'k':'v','a.b':'c d'},"
	" 'Utf8':'\\u00e4\\u20ac\\ud834\\udd1ez',"
	" 'Odd':'q\\u0022u`\\n\\t\\\\\\u0001',"
	" 'Zero':0}";

/* What Go's text/template gives, with the functions of docker(1). */
static const struct expected good[] = {
	{ "",
	  "" },
	{ "x",
	  "x" },
	{ "{",
	  "{" },
	{ "}}",
	  "}}" },
	{ "{{.Name}}{{ .Name }}{{- .Name -}}",
	  "a ba ba b" },
	{ "a  {{- .Name -}}  b {{- /* c */ -}} d {{/* x */}} e",
	  "aa bbd  e" },
	{ "{{.Int}} {{.Neg}} {{.Real}} {{.True}} {{.False}} {{.Empty}}|",
	  "42 -7 1.5 true false |" },
	{ "{{.List}} {{.Ints}} {{.None}} {{.Obj}} {{.Labels}}",
	  "[x y z] [3 1 2] [] map[a:two b:1 d:map[x:[1 q]]] map[a.b:c d k:v]" },
	{ "{{.Name | printf \"%s-%s\" \"x\"}} {{\"a\" | upper | lower | printf \"%q\"}}",
	  "x-a b \"a\"" },
	{ "{{printf \"%s\" (upper .Name)}} {{(printf \"%d\" 3) | len}} {{((.Name))}}",
	  "A B 1 a b" },
	{ "{{.Obj.d.x}} {{(.Obj).a}} {{(.Obj.d).x}} {{$.Obj.a}} {{with .Obj}}{{.a}} {{$.Name}}{{end}}",
	  "[1 q] two [1 q] two two a b" },
	{ "{{\"a\\x41\\u00e4\\U0001f40b\\t\\n\\101\\\\\\\"\\a\"}} {{`raw \"\\n`}} {{'a'}} {{'\\n'}} {{'\\''}} {{0x1f}} {{017}} {{1.5}} {{-3}} {{+4}} {{.5}} {{true}} {{printf \"%d\" 0x1e}}",
	  "aA\xc3\xa4\xf0\x9f\x90\x8b\t\nA\\\"\x07 raw \"\\n 97 10 39 31 15 1.5 -3 4 0.5 true 30" },
	{ "{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}{{if .True}}{{$x = 3}}{{$x := 9}}{{$x}}{{end}}{{$x}}",
	  "1293" },
	{ "{{if $x := .Name}}{{$x}}{{end}}{{with $x := .Int}}{{$x}}{{.}}{{end}}{{if $x := .Empty}}{{else}}[{{$x}}]{{end}}",
	  "a b4242[]" },
	{ "{{range .List}}{{.}},{{end}} {{range $e := .List}}{{$e}}{{end}} {{range $i, $e := .List}}{{$i}}={{$e}};{{end}}",
	  "x,y,z, xyz 0=x;1=y;2=z;" },
	{ "{{range .Labels}}[{{.}}]{{end}}{{range $k, $v := .Obj}}{{$k}}:{{$v}} {{end}}",
	  "[c d][v]a:two b:1 d:map[x:[1 q]] " },
	{ "{{range .None}}x{{else}}none{{end}} {{range .List}}{{.}}{{else}}none{{end}}",
	  "none xyz" },
	{ "{{range .Ints}}{{if eq . 1}}{{continue}}{{end}}{{.}}{{end}} {{range .Ints}}{{if eq . 1}}{{break}}{{end}}{{.}}{{end}}",
	  "32 3" },
	{ "{{range $i, $a := .List}}{{range $j, $b := $.Ints}}{{if gt $j $i}}{{break}}{{end}}{{$a}}{{$b}} {{end}}{{end}}",
	  "x3 y3 y1 z3 z1 z2 " },
	{ "{{if .False}}a{{else if .Empty}}b{{else if .Name}}c{{else}}d{{end}}{{with .Empty}}x{{else}}y{{end}}{{if .None}}a{{else}}b{{end}}",
	  "cyb" },
	{ "{{if .True}}a{{if .False}}b{{else}}c{{end}}d{{end}}",
	  "acd" },
	{ "{{and .True .Name}} {{and .True .Empty}}|{{or .Empty .Name}} {{or .Empty 0}} {{and 1 0 2}} {{or 0 \"\" \"x\"}} {{not 0}} {{.Empty | or \"z\"}} {{\"x\" | and .True}}",
	  "a b |a b 0 0 x true z x" },
	{ "{{and .False (index .List 9)}} {{or .True (index .List 9)}}",
	  "false true" },
	{ "{{eq .Int 42}} {{eq .Name \"a b\"}} {{eq 1 2 3 1}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 3 2}} {{ge 1 2}} {{lt \"a\" \"b\"}} {{eq .True true}} {{eq .Name nil}} {{lt .Real 2.5}} {{ge -1 1}}",
	  "true true true true true true true false true true false true false" },
	{ "{{len .Utf8}} {{len .List}} {{len .Labels}} {{len \"abc\"}} {{len .None}}",
	  "10 3 2 3 0" },
	{ "{{index .List 1}} {{index .Labels \"a.b\"}} {{index .Obj \"d\" \"x\" 1}} {{index \"abc\" 1}} {{index .List}} {{(index .List 0) | upper}}",
	  "y c d q 98 [x y z] X" },
	{ "{{slice .Id 0 12}} {{slice .Id 12}} {{slice .Id}} {{slice .List 1 2}} {{slice .List 1}} {{slice .List 0 1 2}} {{slice \"abc\" 3}}|",
	  "0123456789ab cdef 0123456789abcdef [y] [y z] [x] |" },
	{ "{{upper .Name}} {{lower \"ABC\"}} {{title \"hello wORLD a-b_c 1x\"}} {{pad .Name 2 3}}| {{pad \"\" 1 1}}| {{truncate .Name 2}} {{truncate .Name 9}}",
	  "A B abc Hello WORLD A-B_c 1x   a b   | | a  a b" },
	{ "{{split \"a,b,c\" \",\"}} {{split \"abc\" \"\"}} {{len (split \"\" \",\")}} {{len (split \"\" \"\")}} {{index (split \"a:b\" \":\") 1}} {{split \"a::b\" \"::\"}}",
	  "[a b c] [a b c] 1 0 b [a b]" },
	{ "{{json .Utf8}} {{json \"<a&b>\"}} {{json .List}} {{json nil}} {{json .Odd}} {{json (slice .Utf8 0 1)}} {{json 0.1}} {{json 1e-7}} {{json 1e21}} {{json 3.5}} {{json true}}",
	  "\"\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9ez\" \"<a&b>\" [\"x\",\"y\",\"z\"] null \"q\\\"u`\\n\\t\\\\\\u0001\" \"\\ufffd\" 0.1 1e-7 1e+21 3.5 true" },
	{ "{{print 1 2 \"a\" \"b\" 3 4}} {{println 1 \"a\" .True}} {{print}}{{println}}.",
	  "1 2ab3 4 1 a true\n \n." },
	{ "{{printf \"%d|%5d|%-5d|%05d|%+d|% d|%x|%X|%#x|%o|%#o|%b|%c|%U|%q\" 42 42 42 42 42 42 42 42 42 42 42 42 42 42 42}}",
	  "42|   42|42   |00042|+42| 42|2a|2A|0x2a|52|052|101010|*|U+002A|'*'" },
	{ "{{printf \"%d|%5d|%-5d|%05d|%.5d|%8.5d|%-8.3d|%08.3d|%x|%.0d|\" -7 -7 -7 -7 -7 -7 -7 -7 -255 0}}",
	  "-7|   -7|-7   |-0007|-00007|  -00007|-007    |    -007|-ff||" },
	{ "{{printf \"%s|%10s|%-10s|%.1s|%q|%x|%X|% x|%#x|%v|%#q\" .Name .Name .Name .Name .Name .Name .Name .Name .Name .Name .Name}}",
	  "a b|       a b|a b       |a|\"a b\"|612062|612062|61 20 62|0x612062|a b|`a b`" },
	{ "{{printf \"%-8s|%8s|%.2s|%q\" .Utf8 .Utf8 .Utf8 .Utf8}} {{printf \"%q\" .Odd}}",
	  "\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9ez    |    \xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9ez|\xc3\xa4\xe2\x82\xac|\"\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9ez\" \"q\\\"u`\\n\\t\\\\\\x01\"" },
	{ "{{printf \"%v %f %.2f %8.3f %-8.1f| %e %E %g %G %08.2f %+.1f\" 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5}}",
	  "1.5 1.500000 1.50    1.500 1.5     | 1.500000e+00 1.500000E+00 1.5 1.5 00001.50 +1.5" },
	{ "{{printf \"%v %v %v %v %v\" 1e6 1e20 123456789.0 1e-5 0.1}} {{100000.0}}",
	  "1e+06 1e+20 1.23456789e+08 1e-05 0.1 100000" },
	{ "{{printf \"%v %s %d %q %t %5t|\" .List .List .Ints .List true true}}",
	  "[x y z] [x y z] [3 1 2] [\"x\" \"y\" \"z\"] true  true|" },
	{ "{{printf \"%s\" .Int}} {{printf \"%d\" .Name}} {{printf \"%t\" .Name}} {{printf \"%z\" .Name}} {{printf \"%s\"}} {{printf \"%s\" 1 2}} {{printf \"%d %\" 3}} {{printf \"%s\" nil}}",
	  "%!s(int=42) %!d(string=a b) %!t(string=a b) %!z(string=a b) %!s(MISSING) %!s(int=1)%!(EXTRA int=2) 3 %!(NOVERB) %!s(<nil>)" },
	{ "{{printf \"%[2]s %[1]s\" \"a\" \"b\"}} {{printf \"%[3]d\" 1 2}} {{printf \"%[x]d\" 1}} {{printf \"%[1]d %d\" 1 2}}",
	  "b a %!d(BADINDEX) %!d(BADINDEX) 1 2" },
	{ "{{printf \"%*d|%-*d|%.*f\" 5 42 5 42 2 3.14159}} {{printf \"%*d\" \"x\" 3}}",
	  "   42|42   |3.14 %!(BADWIDTH)3" },
	{ "{{printf \"%q %x\" \"\\xff\\u200b\" \"\\xff\"}} {{json \"\\xff\\xc3x\"}}",
	  "\"\\xff\\u200b\" ff \"\\ufffd\\ufffdx\"" },
	{ "{{printf \"%99999999d|\" 1}} {{printf \"%.99999999f\" 1.5}} {{printf \"%*d\" 1000001 1}} {{printf \"%*d\" -1000001 1}}",
	  "%!(NOVERB)%!(EXTRA int=1) %!(NOVERB)%!(EXTRA float64=1.5) %!(BADWIDTH)1 %!(BADWIDTH)1" },
	{ "{{printf \"%T %T %T %T %T %T\" .Int .Real .Name .List .Labels .True}} {{printf \"100%%\"}}",
	  "int float64 string []interface {} map[string]interface {} bool 100%" },
	{ "{{\n.Name\n|\nupper}}\nnext",
	  "A B\nnext" },
};
/* clang-format on */
