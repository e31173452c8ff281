#include "core/session.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/memory.h"

enum { REQUEST_LARGEST = 16 * 1024 * 1024 };

static json_t *to_json(const struct session_request *request)
{
	json_t *object = json_object();

	json_object_set_new(object, "argv", json_from_texts(&request->argv));
	json_object_set_new(object, "env", json_from_texts(&request->env));
	json_object_set_new(object, "user", json_from_text(request->user));
	json_object_set_new(object, "workdir",
			    json_from_text(request->workdir));
	json_object_set_new(object, "tty", json_boolean(request->tty));
	json_object_set_new(object, "interactive",
			    json_boolean(request->interactive));
	json_object_set_new(object, "one_output",
			    json_boolean(request->one_output));
	json_object_set_new(object, "rows", json_integer(request->rows));
	json_object_set_new(object, "columns", json_integer(request->columns));
	return object;
}

int session_request_write(const struct session_request *request,
			  struct error *err)
{
	scoped_json *object = to_json(request);
	scoped(char) *text = json_dumps(object, JSON_COMPACT);
	scoped_fd fd = memfd_create("session", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return error_set(err, errno, "make a file in memory");
	int r = fd_write_all(fd, text, strlen(text), err);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return error_set(err, errno, "seal a file in memory");
	return take_fd(fd);
}

static int from_json(const json_t *object, struct session_request *ret,
		     struct error *err)
{
	int rows = 0, columns = 0;
	int r = json_get_texts(object, "argv", &ret->argv, err);

	if (r >= 0)
		r = json_get_texts(object, "env", &ret->env, err);
	if (r >= 0)
		r = json_get_text(object, "user", &ret->user, err);
	if (r >= 0)
		r = json_get_text(object, "workdir", &ret->workdir, err);
	if (r >= 0)
		r = json_get_bool(object, "tty", &ret->tty, err);
	if (r >= 0)
		r = json_get_bool(object, "interactive", &ret->interactive,
				  err);
	if (r >= 0)
		r = json_get_bool(object, "one_output", &ret->one_output, err);
	if (r >= 0)
		r = json_get_int(object, "rows", &rows, err);
	if (r >= 0)
		r = json_get_int(object, "columns", &columns, err);
	if (r >= 0 && (rows < 0 || rows > UINT16_MAX || columns < 0 ||
		       columns > UINT16_MAX))
		r = error_say(err, EINVAL,
			      "no terminal has %d rows and %d "
			      "columns",
			      rows, columns);
	ret->rows = (uint16_t)rows;
	ret->columns = (uint16_t)columns;
	if (r >= 0 && ret->argv.n == 0)
		r = error_say(err, EINVAL, "there is no command to run");
	return r < 0 ? r : 0;
}

int session_request_read(int fd, struct session_request *ret, struct error *err)
{
	struct session_request request = { 0 };
	scoped(char) *text = NULL;
	scoped_json *object = NULL;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set(err, errno, "read the request");
	ssize_t size = fd_read_all(fd, REQUEST_LARGEST, &text, err);
	int r = size < 0 ? (int)size
			 : json_parse(text, (size_t)size, "the request",
				      &object, err);
	if (r == 0)
		r = from_json(object, &request, err);
	if (r < 0) {
		session_request_free(&request);
		return r;
	}
	*ret = request;
	return 0;
}

void session_request_free(struct session_request *request)
{
	strv_free(&request->argv);
	strv_free(&request->env);
	free(request->user);
	free(request->workdir);
	*request = (struct session_request){ 0 };
}
