// An echo server on libuv that writes at once what goes.
#include "common.h"
#include <uv.h>

static char buffer[BUFFER];

static void give(uv_handle_t *h, size_t wanted, uv_buf_t *b) { *b = uv_buf_init(buffer, sizeof buffer); }
static void closed(uv_handle_t *h) { free(h); }

static void received(uv_stream_t *s, ssize_t n, const uv_buf_t *b) {
	uv_buf_t out = uv_buf_init(b->base, n);
	// What is echoed is small enough to go at once.
	if (n < 0 || (n > 0 && uv_try_write(s, &out, 1) != n))
		uv_close((uv_handle_t *)s, closed);
}

static void connected(uv_stream_t *listener, int status) {
	uv_tcp_t *c = malloc(sizeof *c);
	uv_tcp_init(listener->loop, c);
	if (uv_accept(listener, (uv_stream_t *)c) < 0) {
		uv_close((uv_handle_t *)c, closed);
		return;
	}
	uv_tcp_nodelay(c, 1);
	uv_read_start((uv_stream_t *)c, give, received);
}

int main(void) {
	uv_loop_t *loop = uv_default_loop();
	uv_tcp_t listener;
	uv_tcp_init(loop, &listener);
	if (uv_tcp_open(&listener, listening(SOCK_NONBLOCK)) < 0 || uv_listen((uv_stream_t *)&listener, BACKLOG, connected) < 0)
		die("uv_listen");
	return uv_run(loop, UV_RUN_DEFAULT);
}
