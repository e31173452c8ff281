/*
 * cppcheck.h - for cppcheck alone: the loops of jansson, whose own headers it
 * does not read
 */
/* clang-format off */
#define json_array_foreach(array, index, value) \
	for (index = 0; (value = json_array_get(array, index)); index++)
#define json_object_foreach(object, key, value) \
	for (key = ""; (value = json_object_get(object, key)); key = "next")
/* clang-format on */
