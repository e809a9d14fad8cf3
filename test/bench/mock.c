/*
 * A provider that is never the bottleneck: canned answers of the four protocols, from one thread.
 *
 * mock FOLDER: FOLDER holds NAME.json and NAME.sse for each protocol. Prints its port and serves until its standard
 * input ends. A stream goes out at once; where the request names a model "paced-MS", one event every MS milliseconds.
 * GET /events tells how many events went out so far.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { MOST_FDS = 8192, MOST_REQUEST = 1 << 18, MOST_EVENTS = 1024 };

/* An answer's bytes, head included; `ends[i]` is where its i-th event ends. A JSON answer is one event. */
typedef struct {
  char *bytes;
  size_t length;
  size_t ends[MOST_EVENTS];
  int events;
} Answer;

typedef struct {
  char *request;
  size_t held;
  const Answer *answer;
  size_t sent;
  int event;
  int64_t pace_ns; /* 0: at once */
  int64_t due_ns;
  bool blocked; /* the socket takes no more for now */
} Connection;

static const char *const names[] = {"chat", "responses", "messages", "gemini"};
static const char *const paths[] = {"/chat/completions", "/responses", "/messages", "enerateContent"};
static Answer whole[4], streamed[4];
static Connection connections[MOST_FDS];
static int highest, poller;
static long events_sent;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static char *read_file(const char *folder, const char *name, const char *kind) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s.%s", folder, name, kind);
  FILE *file = fopen(path, "rb");
  if (file == NULL) die(path);
  char *text = calloc(1, 1 << 20);
  if (fread(text, 1, (1 << 20) - 1, file) == 0) die(path);
  fclose(file);
  return text;
}

static void append(Answer *answer, const char *text, size_t length) {
  memcpy(answer->bytes + answer->length, text, length);
  answer->length += length;
}

static void load_json(Answer *answer, const char *text) {
  answer->bytes = malloc(1 << 20);
  answer->length = (size_t)snprintf(answer->bytes, 1 << 20,
                                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
                                    strlen(text), text);
  answer->ends[0] = answer->length;
  answer->events = 1;
}

/* Each event is a chunk of its own, as providers flush them. */
static void load_stream(Answer *answer, const char *text) {
  const char *head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  answer->bytes = malloc(1 << 20);
  append(answer, head, strlen(head));
  while (*text != '\0' && answer->events < MOST_EVENTS) {
    const char *lf = strstr(text, "\n\n"), *crlf = strstr(text, "\r\n\r\n");
    const char *end = lf != NULL ? lf + 2 : crlf != NULL ? crlf + 4 : text + strlen(text);
    char size[16];
    append(answer, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", (size_t)(end - text)));
    append(answer, text, (size_t)(end - text));
    append(answer, "\r\n", 2);
    text = end;
    if (*text == '\0') append(answer, "0\r\n\r\n", 5);
    answer->ends[answer->events++] = answer->length;
  }
}

static void watch(int fd, uint32_t events, int operation) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(poller, operation, fd, &event) < 0) die("epoll_ctl");
}

static void hang_up(int fd) {
  free(connections[fd].request);
  connections[fd] = (Connection){0};
  close(fd);
}

/* Sends what is due of the answer: all of it, or up to the end of the next event. */
static void send_due(int fd) {
  Connection *connection = &connections[fd];
  const Answer *answer = connection->answer;
  size_t goal = connection->pace_ns > 0 ? answer->ends[connection->event] : answer->length;
  ssize_t sent = send(fd, answer->bytes + connection->sent, goal - connection->sent, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return hang_up(fd);
  if (sent > 0) connection->sent += (size_t)sent;
  bool blocked = connection->sent < goal;
  if (blocked != connection->blocked) watch(fd, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  connection->blocked = blocked;
  if (blocked) return;
  events_sent += connection->pace_ns > 0 ? 1 : answer->events;
  connection->event++;
  connection->due_ns += connection->pace_ns;
  if (connection->sent == answer->length) connection->answer = NULL;
}

static void tell_events(int fd) {
  char body[32], answer[128];
  int length = snprintf(body, sizeof body, "%ld", events_sent);
  int size = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s", length, body);
  if (send(fd, answer, (size_t)size, MSG_NOSIGNAL) < 0) hang_up(fd);
}

static void answer_request(int fd) {
  Connection *connection = &connections[fd];
  char *request = connection->request, *path_end = strstr(request, "\r\n");
  connection->held = 0;
  if (strncmp(request, "GET /events", 11) == 0) return tell_events(fd);
  *path_end = '\0';
  int protocol = 0;
  while (protocol < 4 && strstr(request, paths[protocol]) == NULL) protocol++;
  bool streams = strstr(request, "streamGenerateContent") != NULL;
  const char *pace = strstr(request, "paced-");
  *path_end = '\r';
  if (protocol == 4) return hang_up(fd);
  streams = streams || strstr(request, "\"stream\":true") != NULL;
  if (pace == NULL) pace = strstr(path_end, "paced-");
  connection->answer = streams ? &streamed[protocol] : &whole[protocol];
  connection->sent = 0;
  connection->event = 0;
  connection->pace_ns = streams && pace != NULL ? atol(pace + strlen("paced-")) * 1000000L : 0;
  connection->due_ns = now_ns();
  send_due(fd);
}

/* Is the request here with all of its body? */
static bool is_whole(const Connection *connection) {
  const char *request = connection->request, *head_end = strstr(request, "\r\n\r\n");
  if (head_end == NULL) return false;
  const char *length = strcasestr(request, "\r\ncontent-length:"), *chunked = strcasestr(request, "\r\ntransfer-encoding:");
  if (length != NULL && length < head_end)
    return connection->held >= (size_t)(head_end + 4 - request) + (size_t)atol(length + strlen("\r\ncontent-length:"));
  if (chunked != NULL && chunked < head_end)
    return connection->held >= 5 && memcmp(request + connection->held - 5, "0\r\n\r\n", 5) == 0;
  return true;
}

static void receive(int fd) {
  Connection *connection = &connections[fd];
  ssize_t got = recv(fd, connection->request + connection->held, MOST_REQUEST - 1 - connection->held, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return hang_up(fd);
  connection->held += (size_t)got;
  connection->request[connection->held] = '\0';
  if (connection->answer == NULL && is_whole(connection)) answer_request(fd);
}

static void greet(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), on = 1;
  if (fd < 0) return;
  if (fd >= MOST_FDS) die("too many connections");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connections[fd] = (Connection){.request = malloc(MOST_REQUEST)};
  if (fd > highest) highest = fd;
  watch(fd, EPOLLIN, EPOLL_CTL_ADD);
}

/* Sends every event whose time has come; gives the milliseconds until the next one, -1 for none. */
static int send_paced(void) {
  int64_t now = now_ns(), next = INT64_MAX;
  for (int fd = 0; fd <= highest; fd++) {
    Connection *connection = &connections[fd];
    if (connection->answer == NULL || connection->pace_ns == 0 || connection->blocked) continue;
    if (connection->due_ns <= now) send_due(fd);
    if (connection->answer != NULL && connection->due_ns < next) next = connection->due_ns;
  }
  if (next == INT64_MAX) return -1;
  return next <= now ? 0 : (int)((next - now + 999999) / 1000000);
}

static int listen_on_loopback(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 4096) < 0) die("listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  for (int protocol = 0; protocol < 4; protocol++) {
    load_json(&whole[protocol], read_file(arguments[1], names[protocol], "json"));
    load_stream(&streamed[protocol], read_file(arguments[1], names[protocol], "sse"));
  }
  poller = epoll_create1(0);
  int listener = listen_on_loopback();
  watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  watch(STDIN_FILENO, EPOLLIN, EPOLL_CTL_ADD);
  struct epoll_event ready[256];
  for (;;) {
    int found = epoll_wait(poller, ready, 256, send_paced());
    for (int at = 0; at < found; at++) {
      int fd = ready[at].data.fd;
      if (fd == STDIN_FILENO) return 0;
      if (fd == listener) greet(listener);
      else if (ready[at].events & EPOLLOUT) send_due(fd);
      else receive(fd);
    }
  }
}
