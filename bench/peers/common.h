// What the echo servers in C have in common.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 4096, BACKLOG = 4096, DESCRIPTORS = 1 << 16 };

static void die(const char *what) {
	perror(what);
	exit(1);
}

static inline void no_delay(int fd) {
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

// ready tells the address of a listening socket.
static void ready(int fd) {
	struct sockaddr_in a;
	socklen_t size = sizeof a;
	if (getsockname(fd, (struct sockaddr *)&a, &size) < 0)
		die("getsockname");
	printf("127.0.0.1:%d\n", ntohs(a.sin_port));
	fflush(stdout);
}

// listening is a socket on a port that the system chooses.
static int listening(int flags) {
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, BACKLOG) < 0)
		die("listen");
	ready(fd);
	return fd;
}
