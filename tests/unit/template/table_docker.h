/*
 * What people and their tools ask "docker inspect" for (Jenkins, dev
 * containers, compose scripts, manuals), and what it answered: made with
 * docker 28.2 and a daemon that has this one container.
 */
#pragma once

#include "tests/unit/template/expected.h"

/* clang-format off */
/* ' stands for " */
static const char container[] =
	"{'Id':'4fa6e0f0c6786287e131c3852c58a2e01cc697a68231826813597e4994f1d6e2',"
	" 'Created':'2024-05-01T10:00:00.123456789Z',"
	" 'Path':'nginx',"
	" 'Args':['-g','daemon off;'],"
	" 'State':{'Status':'running','Running':true,'Paused':false,"
	" 'Restarting':false,'OOMKilled':false,'Dead':false,'Pid':4711,"
	" 'ExitCode':0,'Error':'','StartedAt':'2024-05-01T10:00:01Z',"
	" 'FinishedAt':'0001-01-01T00:00:00Z'},"
	" 'Image':'sha256:a8780b506fa4',"
	" 'Name':'/web',"
	" 'RestartCount':0,"
	" 'Driver':'overlay2',"
	" 'Platform':'linux',"
	" 'HostConfig':{'Binds':null,'NetworkMode':'bridge',"
	" 'PortBindings':{'8080/tcp':[{'HostIp':'127.0.0.1',"
	" 'HostPort':'80'}]},'RestartPolicy':{'Name':'no',"
	" 'MaximumRetryCount':0},'AutoRemove':true,'Memory':536870912,"
	" 'NanoCpus':1500000000,'Privileged':false,'ReadonlyRootfs':false,"
	" 'LogConfig':{'Type':'json-file','Config':{}}},"
	" 'GraphDriver':{'Name':'overlay2','Data':{'MergedDir':'/m',"
	" 'UpperDir':'/u'}},"
	" 'Mounts':[{'Type':'bind','Source':'/home/w/src',"
	" 'Destination':'/src','Mode':'','RW':true,"
	" 'Propagation':'rprivate'},{'Type':'volume','Name':'data',"
	" 'Source':'/var/lib/data','Destination':'/data','Driver':'local',"
	" 'Mode':'z','RW':false,'Propagation':''}],"
	" 'Config':{'Hostname':'4fa6e0f0c678','User':'1000:1000',"
	" 'Env':['PATH=/usr/bin','LANG=C.UTF-8'],'Cmd':['nginx'],"
	" 'Image':'nginx:latest','WorkingDir':'/w','Entrypoint':null,"
	" 'ExposedPorts':{'8080/tcp':{}},'Labels':{'com.example':'yes',"
	" 'com.docker.compose.project':'shop','a':'1'}},"
	" 'NetworkSettings':{'Ports':{'8080/tcp':[{'HostIp':'127.0.0.1',"
	" 'HostPort':'80'},{'HostIp':'::1','HostPort':'80'}],"
	" '9000/tcp':null},'IPAddress':'',"
	" 'Networks':{'bridge':{'IPAddress':'172.17.0.2',"
	" 'Gateway':'172.17.0.1','MacAddress':'02:42:ac:11:00:02'},"
	" 'shop':{'IPAddress':'10.0.0.2','Gateway':'','MacAddress':''}}}}";

/* What docker(1) 28.2 prints for the object above. */
static const struct expected real[] = {
	{ "{{.Id}}",
	  "4fa6e0f0c6786287e131c3852c58a2e01cc697a68231826813597e4994f1d6e2" },
	{ "{{.ID}}",
	  "4fa6e0f0c6786287e131c3852c58a2e01cc697a68231826813597e4994f1d6e2" },
	{ "{{.Config.User}}",
	  "1000:1000" },
	{ "{{range .Config.Env}}{{println .}}{{end}}",
	  "PATH=/usr/bin\nLANG=C.UTF-8\n" },
	{ "{{range .Config.Env}}{{.}}{{\"\\n\"}}{{end}}",
	  "PATH=/usr/bin\nLANG=C.UTF-8\n" },
	{ "{{.State.Health}}",
	  "<nil>" },
	{ "{{.State.Status}}",
	  "running" },
	{ "{{.State.ExitCode}} {{.State.Running}} {{.State.Pid}}",
	  "0 true 4711" },
	{ "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}",
	  "none" },
	{ "{{with .State.Health}}{{.Status}}{{else}}{{.State.Status}}{{end}}",
	  "running" },
	{ "{{range .Mounts}}{{.Source}} -> {{.Destination}}{{\"\\n\"}}{{end}}",
	  "/home/w/src -> /src\n/var/lib/data -> /data\n" },
	{ "{{json .Mounts}}",
	  "[{\"Type\":\"bind\",\"Source\":\"/home/w/src\",\"Destination\":\"/src\",\"Mode\":\"\",\"RW\":true,\"Propagation\":\"rprivate\"},{\"Type\":\"volume\",\"Name\":\"data\",\"Source\":\"/var/lib/data\",\"Destination\":\"/data\",\"Driver\":\"local\",\"Mode\":\"z\",\"RW\":false,\"Propagation\":\"\"}]" },
	{ "{{index .Config.Labels \"com.example\"}}",
	  "yes" },
	{ "{{index .Config.Labels \"nope\"}}|",
	  "|" },
	{ "{{.Config.Labels.nope}}|",
	  "<no value>|" },
	{ "{{(index (index .NetworkSettings.Ports \"8080/tcp\") 0).HostPort}}",
	  "80" },
	{ "{{(index .NetworkSettings.Ports \"8080/tcp\" 0).HostPort}}",
	  "80" },
	{ "{{index .NetworkSettings.Ports \"1/tcp\"}}",
	  "<no value>" },
	{ "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}}{{end}}",
	  "a=1com.docker.compose.project=shopcom.example=yes" },
	{ "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}},{{end}}",
	  "a=1,com.docker.compose.project=shop,com.example=yes," },
	{ "{{if .State.Running}}up{{else}}down{{end}}",
	  "up" },
	{ "{{printf \"%.12s\" .ID}}",
	  "4fa6e0f0c678" },
	{ "{{slice .ID 0 12}}",
	  "4fa6e0f0c678" },
	{ "{{join .Args \" \"}}",
	  "-g daemon off;" },
	{ "{{join .Config.Entrypoint \" \"}}|{{join .Config.Cmd \",\"}}",
	  "|nginx" },
	{ "{{.Config.Entrypoint}} {{.Config.Cmd}} {{.HostConfig.Binds}}",
	  "[] [nginx] []" },
	{ "{{.Config.Labels}}",
	  "map[a:1 com.docker.compose.project:shop com.example:yes]" },
	{ "{{.Config.Env}}",
	  "[PATH=/usr/bin LANG=C.UTF-8]" },
	{ "{{range $p, $conf := .NetworkSettings.Ports}}{{if $conf}}{{$p}} -> {{(index $conf 0).HostPort}}{{end}}{{end}}",
	  "8080/tcp -> 80" },
	{ "{{range $p, $conf := .HostConfig.PortBindings}}{{range $conf}}{{.HostIp}}:{{.HostPort}}->{{$p}}{{end}}{{end}}",
	  "127.0.0.1:80->8080/tcp" },
	{ "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
	  "172.17.0.210.0.0.2" },
	{ "{{range $k,$v := .NetworkSettings.Networks}}{{printf \"%s:%s\\n\" $k $v.IPAddress}}{{end}}",
	  "bridge:172.17.0.2\nshop:10.0.0.2\n" },
	{ "{{.NetworkSettings.Networks.bridge.IPAddress}}",
	  "172.17.0.2" },
	{ "{{.NetworkSettings.Networks.nope.IPAddress}}",
	  "<no value>" },
	{ "{{(index .NetworkSettings.Networks \"shop\").IPAddress}}",
	  "10.0.0.2" },
	{ "{{.HostConfig.LogConfig.Type}} {{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.GraphDriver.Data.MergedDir}} {{.GraphDriver.Data}}",
	  "json-file 536870912 1500000000 /m map[MergedDir:/m UpperDir:/u]" },
	{ "{{.Name}} {{slice .Name 1}} {{.Path}} {{.Created}}",
	  "/web web nginx 2024-05-01T10:00:00.123456789Z" },
	{ "{{if eq .Name \"/web\"}}yes{{end}} {{if ne .State.Status \"exited\"}}{{.Name}}{{end}}",
	  "yes /web" },
	{ "{{range .Mounts}}{{if eq .Type \"volume\"}}{{.Name}}{{\"\\n\"}}{{end}}{{end}}",
	  "data\n" },
	{ "{{range .Mounts}}{{if and (eq .Type \"bind\") .RW}}{{.Source}}{{end}}{{end}}",
	  "/home/w/src" },
	{ "{{range $i, $m := .Mounts}}{{if $i}}, {{end}}{{$m.Destination}}{{end}}",
	  "/src, /data" },
	{ "{{len .Mounts}} {{len .Config.Labels}} {{len .HostConfig.Binds}}",
	  "2 3 0" },
	{ "{{- /* header */ -}}{{.Name}}",
	  "/web" },
	{ "{{$id := .ID}}{{range .Mounts}}{{$id | printf \"%.6s\"}} {{.Type}} {{end}}",
	  "4fa6e0 bind 4fa6e0 volume " },
	{ "{{.Config.Labels.a}}",
	  "1" },
	{ "{{index .Config.Labels \"com.docker.compose.project\" | upper}}",
	  "SHOP" },
	{ "{{with index .Config.Labels \"nope\"}}{{.}}{{else}}-{{end}}",
	  "-" },
	{ "{{gt .HostConfig.Memory 100}} {{eq .HostConfig.Memory 536870912}}",
	  "true true" },
	{ "{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}",
	  "no:0" },
	{ "{{range .Config.Env}}{{$kv := split . \"=\"}}{{index $kv 0}} {{end}}",
	  "PATH LANG " },
	{ "{{title .State.Status}} {{pad .State.Status 1 1}}| {{truncate .Config.Image 5}}",
	  "Running  running | nginx" },
	{ "{{.Mounts | len}}",
	  "2" },
};
/* clang-format on */
