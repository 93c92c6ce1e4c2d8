// An echo server on io_uring: one accept for all connections, and for each in turn a
// receive and a send, many to a system call.
#include "common.h"
#include <liburing.h>

enum { ACCEPT, RECEIVE, SEND };

static struct io_uring ring;
static char (*buffers)[BUFFER];

static struct io_uring_sqe *entry(int fd, int what) {
	struct io_uring_sqe *e;
	while (!(e = io_uring_get_sqe(&ring)))
		io_uring_submit(&ring);
	e->user_data = (unsigned long)fd << 8 | what;
	return e;
}

static void receive(int fd) {
	struct io_uring_sqe *e = entry(fd, RECEIVE);
	__u64 data = e->user_data;
	io_uring_prep_recv(e, fd, buffers[fd], BUFFER, 0);
	e->user_data = data;
}

static void answer(int fd, int n) {
	struct io_uring_sqe *e = entry(fd, SEND);
	__u64 data = e->user_data;
	io_uring_prep_send(e, fd, buffers[fd], n, MSG_NOSIGNAL | MSG_WAITALL);
	e->user_data = data;
}

static void done(const struct io_uring_cqe *c) {
	int fd = c->user_data >> 8;
	if ((c->user_data & 255) == ACCEPT) {
		if (c->res < 0)
			return;
		no_delay(c->res);
		receive(c->res);
	} else if (c->res <= 0)
		close(fd);
	else if ((c->user_data & 255) == RECEIVE)
		answer(fd, c->res);
	else
		receive(fd);
}

int main(void) {
	// SINGLE_ISSUER and DEFER_TASKRUN, which old headers do not have.
	struct io_uring_params p = {.flags = 1U << 12 | 1U << 13 | IORING_SETUP_CQSIZE, .cq_entries = 8192};
	if ((errno = -io_uring_queue_init_params(2048, &ring, &p)))
		die("io_uring");
	buffers = calloc(DESCRIPTORS, BUFFER);
	int listener = listening(0);
	struct io_uring_sqe *e = io_uring_get_sqe(&ring);
	io_uring_prep_multishot_accept(e, listener, NULL, NULL, 0);
	e->user_data = ACCEPT;
	for (;;) {
		struct io_uring_cqe *c;
		unsigned head, n = 0;
		io_uring_submit_and_wait(&ring, 1);
		io_uring_for_each_cqe(&ring, head, c) {
			done(c);
			n++;
		}
		io_uring_cq_advance(&ring, n);
	}
}
