// An echo server on epoll and nothing else: what the system itself costs.
#include "common.h"
#include <sys/epoll.h>

static char buffer[BUFFER];

static void watch(int epoll, int fd, unsigned events) {
	struct epoll_event e = {.events = events, .data.fd = fd};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		die("epoll_ctl");
}

static void echo(int fd) {
	ssize_t n = recv(fd, buffer, sizeof buffer, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	// What is echoed is small enough to go at once.
	if (n <= 0 || send(fd, buffer, n, MSG_NOSIGNAL) != n)
		close(fd);
}

int main(void) {
	struct epoll_event events[256];
	int epoll = epoll_create1(0), listener = listening(SOCK_NONBLOCK);
	watch(epoll, listener, EPOLLIN);
	for (;;) {
		int n = epoll_wait(epoll, events, 256, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd != listener) {
				echo(fd);
				continue;
			}
			while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
				no_delay(fd);
				watch(epoll, fd, EPOLLIN | EPOLLET | EPOLLRDHUP);
			}
		}
	}
}
