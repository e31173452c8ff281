#pragma once

struct expected {
	const char *template, *text;
};
