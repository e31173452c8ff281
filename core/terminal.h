/*
 * core/terminal.h - the user's terminal, while a container is attached to it
 */
#pragma once

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

struct terminal {
	bool raw; /* it passes every key on */
	struct termios cooked;
};

/* terminal_set_raw - make standard input pass every key on, if it is one */
void terminal_set_raw(struct terminal *terminal);

/* terminal_set_cooked - as it was before */
void terminal_set_cooked(struct terminal *terminal);

/* terminal_size - rows and columns of the user's; Return: false: there is none
 */
bool terminal_size(struct winsize *ret);

/*
 * terminal_type_end - type the end of a file into the terminal @master_fd
 * Without it the other side waits for more.
 * @last: the last byte that was typed, 0 if none: an open line is sent off
 *        by a first one (termios(3), VEOF)
 */
void terminal_type_end(int master_fd, char last);

/* terminal_was_left - did read(2) fail with @error since @fd is the terminal's
 * master, and the last program has closed the other side? (EIO) */
bool terminal_was_left(int fd, int error);

/* terminal_outputs_are_one - are standard output and error the same file?
 * Then what comes is to keep its order. */
bool terminal_outputs_are_one(void);
