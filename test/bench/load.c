/*
 * A load generator: one request over and over, on so many connections, for so long.
 *
 * load PORT REQUEST CONNECTIONS MILLISECONDS RATE MARK: REQUEST is a file with the bytes to send. RATE 0: each
 * connection asks again as soon as it is answered. Else so many calls start each second, and a call's time runs from
 * when it was to start, also where no connection was free (else a server that stalls would look fast). MARK is the text
 * of the first content of a stream. Prints one line of JSON; streams under way at the end are dropped.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 2048, MOST_CALLS = 1 << 21, MOST_HEAD = 8192 };

typedef enum { IDLE, HEAD, LENGTH, SIZE, CHUNK, CHUNK_END, LAST } State;

typedef struct {
  int fd;
  State state;
  size_t need; /* bytes left of the body or the chunk */
  int64_t start_ns;
  char head[MOST_HEAD];
  size_t head_length;
  size_t matched; /* characters of the mark */
  bool blank;     /* the line so far is empty */
} Connection;

/* Nanoseconds. */
typedef struct {
  int64_t *values;
  long count;
} Times;

static Connection connections[MOST_CONNECTIONS];
static int idle[MOST_CONNECTIONS], idle_count;
static Times latencies, firsts;
static long errors, events;
static struct sockaddr_in address = {.sin_family = AF_INET};
static char *request;
static size_t request_length;
static const char *mark;
static size_t mark_length;
static int poller;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void note(Times *times, int64_t value) {
  if (times->count < MOST_CALLS) times->values[times->count++] = value;
}

static void dial(int at) {
  Connection *connection = &connections[at];
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)at};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
  connection->fd = fd;
  connection->state = IDLE;
  idle[idle_count++] = at;
}

/* Sends the request on an idle connection; it is small, so that the socket takes it whole. */
static void ask(int64_t start_ns) {
  Connection *connection = &connections[idle[--idle_count]];
  connection->state = HEAD;
  connection->start_ns = start_ns;
  connection->head_length = connection->matched = 0;
  connection->blank = true;
  if (send(connection->fd, request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length) errors++;
}

/* Looks for the mark and counts blank lines, each of which ends an event. The mark's first character stands in it once. */
static void see(Connection *connection, const char *bytes, size_t length) {
  for (size_t at = 0; at < length; at++) {
    char byte = bytes[at];
    if (byte == '\n') {
      events += connection->blank;
      connection->blank = true;
    } else if (byte != '\r') {
      connection->blank = false;
    }
    if (connection->matched == mark_length) continue;
    connection->matched = byte == mark[connection->matched] ? connection->matched + 1 : byte == mark[0];
    if (connection->matched == mark_length) note(&firsts, now_ns() - connection->start_ns);
  }
}

static void finish(int at) {
  note(&latencies, now_ns() - connections[at].start_ns);
  connections[at].state = IDLE;
  idle[idle_count++] = at;
}

/* Reads as much of the head as is here; gives the bytes taken. A head that cannot be understood ends the run. */
static size_t take_head(Connection *connection, const char *bytes, size_t length) {
  size_t take = 0;
  while (take < length && connection->state == HEAD) {
    if (connection->head_length == MOST_HEAD - 1) die("the head of an answer is too long");
    connection->head[connection->head_length++] = bytes[take++];
    connection->head[connection->head_length] = '\0';
    if (bytes[take - 1] != '\n' || connection->head_length < 4) continue;
    if (memcmp(connection->head + connection->head_length - 4, "\r\n\r\n", 4) != 0) continue;
    if (strncmp(connection->head, "HTTP/1.1 200", 12) != 0) errors++;
    const char *size = strcasestr(connection->head, "\r\ncontent-length:");
    connection->state = size == NULL ? SIZE : LENGTH;
    connection->need = size == NULL ? 0 : (size_t)atol(size + strlen("\r\ncontent-length:"));
  }
  return take;
}

/* Reads the line of a chunk's size, and the line ends behind chunks; gives the bytes taken. */
static size_t take_line(Connection *connection, const char *bytes, size_t length, bool *is_over) {
  const char *end = memchr(bytes, '\n', length);
  size_t take = end == NULL ? length : (size_t)(end - bytes) + 1;
  if (connection->state == SIZE) {
    for (size_t at = 0; at < take; at++) {
      char digit = bytes[at] | 0x20;
      if (digit >= '0' && digit <= '9') connection->need = connection->need * 16 + (size_t)(digit - '0');
      if (digit >= 'a' && digit <= 'f') connection->need = connection->need * 16 + (size_t)(digit - 'a') + 10;
    }
  }
  if (end == NULL) return take;
  *is_over = connection->state == LAST;
  connection->state = connection->state == CHUNK_END ? SIZE : connection->need > 0 ? CHUNK : LAST;
  return take;
}

static void take(int at, const char *bytes, size_t length) {
  Connection *connection = &connections[at];
  while (length > 0 && connection->state != IDLE) {
    bool is_over = false;
    size_t taken;
    if (connection->state == HEAD) {
      taken = take_head(connection, bytes, length);
    } else if (connection->state == LENGTH || connection->state == CHUNK) {
      taken = length < connection->need ? length : connection->need;
      see(connection, bytes, taken);
      connection->need -= taken;
      is_over = connection->state == LENGTH && connection->need == 0;
      if (connection->state == CHUNK && connection->need == 0) connection->state = CHUNK_END;
    } else {
      taken = take_line(connection, bytes, length, &is_over);
    }
    bytes += taken;
    length -= taken;
    if (is_over) finish(at);
  }
}

/* A connection that the server closed is opened anew; the call on it, if any, is an error. */
static void receive(int at) {
  static char bytes[1 << 16];
  Connection *connection = &connections[at];
  ssize_t got = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got > 0) return take(at, bytes, (size_t)got);
  if (got < 0 && errno == EAGAIN) return;
  close(connection->fd);
  if (connection->state != IDLE) errors++;
  for (int place = 0; place < idle_count; place++)
    if (idle[place] == at) idle[place--] = idle[--idle_count];
  dial(at);
}

static void run(int64_t begin_ns, int64_t end_ns, double rate) {
  struct epoll_event ready[256];
  long started = 0;
  for (int64_t now = begin_ns; now < end_ns; now = now_ns()) {
    int64_t wait_ns = end_ns - now;
    if (rate > 0) {
      while (idle_count > 0 && begin_ns + (int64_t)((double)started * 1e9 / rate) <= now)
        ask(begin_ns + (int64_t)((double)started++ * 1e9 / rate));
      int64_t next_ns = begin_ns + (int64_t)((double)started * 1e9 / rate) - now;
      if (idle_count > 0 && next_ns < wait_ns) wait_ns = next_ns > 0 ? next_ns : 0;
    } else {
      while (idle_count > 0) ask(now_ns());
    }
    struct timespec wait = {.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};
    int found = epoll_pwait2(poller, ready, 256, &wait, NULL);
    for (int at = 0; at < found; at++) receive((int)ready[at].data.u32);
  }
}

static int compare(const void *one, const void *other) {
  int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
  return (a > b) - (a < b);
}

static double at_part(Times *times, double part) {
  if (times->count == 0) return 0;
  qsort(times->values, (size_t)times->count, sizeof(int64_t), compare);
  return (double)times->values[(long)((double)(times->count - 1) * part)] / 1e6;
}

static char *read_request(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) die(path);
  char *text = malloc(1 << 20);
  *length = fread(text, 1, 1 << 20, file);
  fclose(file);
  return text;
}

int main(int count, char **arguments) {
  if (count != 7) return 2;
  address.sin_port = htons((uint16_t)atoi(arguments[1]));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  request = read_request(arguments[2], &request_length);
  int open = atoi(arguments[3]);
  if (open < 1 || open > MOST_CONNECTIONS) return 2;
  double rate = atof(arguments[5]);
  mark = arguments[6];
  mark_length = strlen(mark);
  latencies.values = malloc(MOST_CALLS * sizeof(int64_t));
  firsts.values = malloc(MOST_CALLS * sizeof(int64_t));
  /* The kernel may else wake us 50 microseconds late. */
  prctl(PR_SET_TIMERSLACK, 1);
  poller = epoll_create1(0);
  for (int at = 0; at < open; at++) dial(at);
  int64_t begin_ns = now_ns();
  run(begin_ns, begin_ns + atol(arguments[4]) * 1000000LL, rate);
  double seconds = (double)(now_ns() - begin_ns) / 1e9;
  printf("{\"calls\":%ld,\"errors\":%ld,\"events\":%ld,\"seconds\":%f,", latencies.count, errors, events, seconds);
  printf("\"p50Ms\":%f,\"p99Ms\":%f,", at_part(&latencies, 0.5), at_part(&latencies, 0.99));
  printf("\"firsts\":%ld,\"firstMs\":%f}\n", firsts.count, at_part(&firsts, 0.5));
}
