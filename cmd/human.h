/*
 * cmd/human.h - sizes and times as docker(1) prints them
 *
 * Pure.  Results are the caller's to free.
 */
#pragma once

#include <stdint.h>
#include <time.h>

/* human_size - "4.86MB": powers of 1000, three digits */
char *human_size(uint64_t bytes);

/* human_bytes - "4.635MiB": powers of 1024, four digits */
char *human_bytes(uint64_t bytes);

/* human_count - "1 image", "2 images" */
char *human_count(uint64_t n, const char *one);

/*
 * human_duration - "Less than a second", "About a minute", "47 hours", "3
 * weeks", at the thresholds that docker(1) has
 */
char *human_duration(uint64_t seconds);

/* human_since - "5 minutes ago" */
char *human_since(time_t then, time_t now);

/*
 * human_parse_time - RFC 3339, as in image configurations
 * Return: seconds since 1970, or -1 when @text is no such time.
 */
time_t human_parse_time(const char *text);
