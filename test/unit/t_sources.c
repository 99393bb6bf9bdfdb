#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/errmsg.h"
#include "lib/base/limits.h"
#include "lib/base/pairs.h"
#include "lib/program/sources.h"
#include "lib/text/labels.h"
#include "test/unit/tap.h"

static char		dir[] = "/tmp/acedt-t_sources.XXXXXX";
static char		list[64];
static struct buf	said;		/* what was complained about */

/* "k=v,k=v" */
static void
pairs_text(struct buf *b, const struct pairs *ps)
{
	size_t	i;

	for (i = 0; i < ps->n; i++)
		buf_addf(b, "%s%s=%s", i > 0 ? "," : "", ps->v[i].key,
		    ps->v[i].value);
}

static void
are(const struct pairs *ps, const char *want)
{
	struct buf	b;

	buf_init(&b, 1000000);
	buf_adds(&b, "");
	pairs_text(&b, ps);
	is_str(b.data, want);
	buf_clear(&b);
}

static void
test_pairs(void)
{
	struct pairs	ps = PAIRS_INIT;
	char		key[16];
	int		i, good = 1;

	is_str(pairs_get(&ps, "a"), NULL);
	pairs_set(&ps, "b", "1");
	pairs_set(&ps, "a", "2");
	pairs_set(&ps, "B", "3");
	pairs_set(&ps, "", "4");
	pairs_set(&ps, "\xc3\xa9", "5");
	pairs_set(&ps, "aa", "");
	pairs_set(&ps, "b", "6");
	are(&ps, "=4,B=3,a=2,aa=,b=6,\xc3\xa9=5");
	is_str(pairs_get(&ps, "b"), "6");
	is_str(pairs_get(&ps, ""), "4");
	is_str(pairs_get(&ps, "c"), NULL);
	pairs_clear(&ps);
	ok(ps.v == NULL && ps.n == 0, "clear");
	pairs_clear(&ps);
	for (i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%d", i * 7919 % 1000);
		pairs_set(&ps, key, key);
	}
	is_int((long long)ps.n, 1000);
	for (i = 1; i < 1000; i++)
		good = good && strcmp(ps.v[i - 1].key, ps.v[i].key) < 0;
	ok(good, "sorted");
	pairs_clear(&ps);
}

/* -a arguments, separated by a NUL, the last one empty. */
static void
annotations(const char *args, const char *want)
{
	struct pairs	ps = PAIRS_INIT;
	struct err	err = ERR_INIT;

	for (; *args != '\0'; args += strlen(args) + 1)
		if (!ok(annotations_add(&ps, args, &err) == 0,
		    "taken: %s", args))
			printf("# %s\n", err.msg);
	are(&ps, want);
	pairs_clear(&ps);
}

static void
bad_annotations(const char *arg, const char *why)
{
	struct pairs	ps = PAIRS_INIT;
	struct err	err = ERR_INIT;

	ok(annotations_add(&ps, arg, &err) == -1, "refused: %s", arg);
	is_str(err_class_name(err.cls), "usage");
	if (!ok(strstr(err.msg, why) != NULL, "because: %s", why))
		printf("# %s\n", err.msg);
	pairs_clear(&ps);
}

static void
test_annotations(void)
{
	annotations("a=b\0", "a=b");
	annotations("a=b,c\0", "a=b,c");
	annotations("a,b=c\0", "a,b=c");
	annotations("a=\0", "a=");
	annotations("=b\0", "=b");
	annotations("=\0", "=");
	annotations("\"a=b\"\0", "a=b");
	annotations("\"\"a=b\0", "a=b");
	annotations("a=\"b\"\0", "a=\"b");
	annotations("a=b\"c\0", "a=b\"c");
	annotations(" a = b \0", " a = b ");
	annotations("a=b\nc\0", "a=b\nc");
	annotations("a=1,b=2\0", "a=1,b=2");
	annotations("b=2,a=1\0", "a=1,b=2");
	annotations("a=1=2\0", "a=1=2");
	annotations("==\0", "==");
	annotations("a=1,b=2,a=3\0", "a=3,b=2");
	annotations("a=1\0" "a=2,b=3\0" "b=4\0", "a=2,b=4");
	annotations("\"a=1,2\",b=3\0", "a=1,2,b=3");
	annotations("\"a=x\"\"y\",b=3\0", "a=x\"y,b=3");
	annotations("\"a=1\n2\",b=3\0", "a=1\n2,b=3");
	annotations("#a=1,b=2\0", "#a=1,b=2");
	annotations("a=\xff\0", "a=\xff");

	bad_annotations("", "has no =");
	bad_annotations("a", "\"a\" has no =");
	bad_annotations("a,b", "has no =");
	bad_annotations("\"a\"", "\"a\" has no =");
	bad_annotations("a=1,b,c=2", "\"b\" has no =");
	bad_annotations("a=1,b=2,", "\"\" has no =");
	bad_annotations("a=\"1\",b=2", "character 3");
	bad_annotations("\"a=1\"x,b=2", "closing quote");
	bad_annotations("\"a=1,b=2", "not closed");
	bad_annotations("a=1,b=2\nc=3", "line break");
}

static void
label(const char *text, const char *want)
{
	struct pairs	ps = PAIRS_INIT;
	struct err	err = ERR_INIT;

	if (!ok(label_add(&ps, text, &err) == 0, "taken: %.80s", text))
		printf("# %s\n", err.msg);
	are(&ps, want);
	pairs_clear(&ps);
}

static void
bad_label(const char *text, const char *why)
{
	struct pairs	ps = PAIRS_INIT;
	struct err	err = ERR_INIT;

	ok(label_add(&ps, text, &err) == -1, "refused: %.80s", text);
	if (!ok(strstr(err.msg, why) != NULL, "because: %s", why))
		printf("# %s\n", err.msg);
	is_int((long long)ps.n, 0);
	pairs_clear(&ps);
}

#define X63	\
	"x23456789012345678901234567890123456789012345678901234567890123"

static void
test_labels(void)
{
	char	text[600];

	label("a=b", "a=b");
	label("a=", "a=");
	label(" a = b ", "a=b");
	label("\xc2\xa0" "a\t=\xe3\x80\x80" "b\n", "a=b");
	label("a=\xc2\xa0", "a=");
	label("A.b_c-9=Z.y_x-0", "A.b_c-9=Z.y_x-0");
	label("0=1", "0=1");
	label("example.com/name=v", "example.com/name=v");
	label("a/b=v", "a/b=v");
	label("a-b.0c.d/b=v", "a-b.0c.d/b=v");
	label(X63 "=" X63, X63 "=" X63);

	bad_label("", "empty label");
	bad_label("  ", "empty label");
	bad_label("a", "no =");
	bad_label("a=b=c", "more than one =");
	bad_label("a==", "more than one =");
	bad_label("=b", "key is empty");
	bad_label(" =b", "key is empty");
	bad_label("a/=b", "key is empty");
	bad_label("/a=b", "before the /");
	bad_label("a/b/c=d", "more than one /");
	bad_label("A.com/b=c", "DNS name");
	bad_label("a..b/c=d", "DNS name");
	bad_label(".a/c=d", "DNS name");
	bad_label("a./c=d", "DNS name");
	bad_label("-a/c=d", "DNS name");
	bad_label("a-/c=d", "DNS name");
	bad_label("a_b/c=d", "DNS name");
	bad_label("a b=c", "key must be of");
	bad_label("\xc3\xa9=c", "key must be of");
	bad_label("a=b c", "value must be of");
	bad_label("a=b/c", "value must be of");
	bad_label("a=\xff", "value must be of");
	bad_label("-a=b", "key must begin");
	bad_label("a_=b", "key must begin");
	bad_label(".=b", "key must begin");
	bad_label("a=-b", "value must begin");
	bad_label("a=b.", "value must begin");
	bad_label(X63 "x=b", "key is longer than 63");
	bad_label("a=" X63 "x", "value is longer than 63");

	memset(text, 'p', sizeof(text));
	snprintf(text + 253, sizeof(text) - 253, "/a=b");
	label(text, text);
	text[253] = 'p';
	snprintf(text + 254, sizeof(text) - 254, "/a=b");
	bad_label(text, "longer than 253");
}

static void
write_file(const char *path, const char *data, size_t len)
{
	FILE	*f;

	if ((f = fopen(path, "w")) == NULL ||
	    fwrite(data, 1, len, f) != len || fclose(f) != 0)
		abort();
}

static void
complain(const struct err *err, void *arg)
{
	struct buf	*b = arg;

	/* Without the folder, whose name is another each time. */
	buf_addf(b, "%s\n", strncmp(err->msg, dir, strlen(dir)) == 0 ?
	    err->msg + strlen(dir) + 1 : err->msg);
}

/* "LINE host repo tag labels;" for each source. */
static void
are_sources(const struct sources *ss, const char *want)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, 1000000);
	buf_adds(&b, "");
	for (i = 0; i < ss->n; i++) {
		buf_addf(&b, "%lu %s", ss->v[i].line, ss->v[i].ref.text);
		if (ss->v[i].labels.n > 0)
			buf_addc(&b, ' ');
		pairs_text(&b, &ss->v[i].labels);
		buf_addc(&b, ';');
	}
	is_str(b.data, want);
	buf_clear(&b);
}

static void
reads(const char *data, size_t len, int bad, const char *want)
{
	struct sources	ss;
	struct err	err = ERR_INIT;

	write_file(list, data, len);
	buf_clear(&said);
	buf_adds(&said, "");
	if (!ok(sources_read(&ss, list, NULL, complain, &said, &err) == bad,
	    "%d wrong", bad))
		printf("# %s\n", said.data);
	is_str(ss.file, list);
	are_sources(&ss, want);
	sources_clear(&ss);
	ok(ss.v == NULL && ss.n == 0 && ss.file == NULL, "clear");
}

#define READS(data, want)	reads((data), sizeof(data) - 1, 0, (want))
#define WRONG(data, bad, want)	reads((data), sizeof(data) - 1, (bad), (want))

static void
test_list(void)
{
	READS("", "");
	READS("# nothing\n\n", "");
	READS("r.io/a\n", "1 r.io/a;");
	READS("r.io/a", "1 r.io/a;");
	READS("\xef\xbb\xbfr.io/a\r\nr.io/b\r", "1 r.io/a;2 r.io/b;");
	READS("\xef\xbb\xbf", "");
	READS("\xef\xbb\xbf# c\nr.io/a", "2 r.io/a;");
	READS("  r.io/a  \n \t\n  # c\nr.io/b\n", "1 r.io/a;4 r.io/b;");
	READS("r.io/a ,b=c\n", "1 r.io/a b=c;");
	READS("r.io/a,component=core, module = test \n",
	    "1 r.io/a component=core,module=test;");
	READS("r.io/a,z=1,b=2,z=3\n", "1 r.io/a b=2,z=3;");
	READS("\"r.io/a\",\"b=c\"\n", "1 r.io/a b=c;");
	READS("\" r.io/a \n\",b=c\nr.io/b", "1 r.io/a b=c;3 r.io/b;");
	READS("r.io/a\nr.io/a\n", "1 r.io/a;2 r.io/a;");
	READS("docker.io/x:1\noci:my dir:v1\n",
	    "1 docker.io/x:1;2 oci:my dir:v1;");
}

static void
test_wrong(void)
{
	WRONG("ubuntu\nr.io/a\n", 1, "2 r.io/a;");
	ok(strstr(said.data, "list:1: bad reference \"ubuntu\"") == said.data,
	    "file and line");
	WRONG("r.io/a\nr.io/b,\n", 1, "1 r.io/a;");
	ok(strstr(said.data, "list:2: empty label") == said.data, "label");
	WRONG("r.io/a,b=c,\n", 1, "");
	WRONG("r.io/a,b\nr.io/c,d=e=f\n", 2, "");
	WRONG(",a=b\n", 1, "");
	ok(strstr(said.data, "list:1: the reference is missing") != NULL,
	    "no reference");
	WRONG("\"\"\n", 1, "");
	WRONG("\n\n\"r.io/a\nx\"\"\"y\nr.io/b", 1, "5 r.io/b;");
	ok(strstr(said.data, "list:4:4: ") == said.data, "line and column");
	WRONG("r.io/a,\"b=c\nr.io/d\n", 1, "2 r.io/d;");
	ok(strstr(said.data, "list:1:8: this quote is not closed") ==
	    said.data, "the quote");
	WRONG("\"r.io/a\nb\"\nr.io/c", 1, "3 r.io/c;");
	WRONG("r.io/a\0\nr.io/b", 1, "2 r.io/b;");
	ok(strstr(said.data, "list:1:7: NUL") == said.data, "NUL");
	WRONG("# \0\nr.io/b", 1, "2 r.io/b;");
	WRONG("r.io/a r.io/b\n", 1, "");
	WRONG("r.io/a # no comment\n", 1, "");
	WRONG("r.io/a\n\xef\xbb\xbfr.io/b\n", 1, "1 r.io/a;");
	WRONG("r.io/a\xff\n", 1, "");
	WRONG("a\nb\nc\nr.io/d\n\"e\n", 4, "4 r.io/d;");
}

static void
test_long(void)
{
	struct buf	b;
	struct sources	ss;
	struct err	err = ERR_INIT;
	int		i;

	buf_init(&b, 10000000);
	buf_adds(&b, "r.io/a\nr.io/b");
	while (b.len < LIST_RECORD_MAX + 20)
		buf_adds(&b, ",k=v");
	buf_adds(&b, "\nr.io/c\n");
	reads(b.data, b.len, 1, "1 r.io/a;3 r.io/c;");
	ok(strstr(said.data, "list:2: the record is longer than") ==
	    said.data, "limit");
	buf_reset(&b);
	for (i = 0; i < 10000; i++)
		buf_addf(&b, "r.io/a:%d,n=%d\n", i, i);
	write_file(list, b.data, b.len);
	is_int(sources_read(&ss, list, NULL, complain, &said, &err), 0);
	is_int((long long)ss.n, 10000);
	is_int((long long)ss.v[9999].line, 10000);
	is_str(ss.v[9999].ref.tag, "9999");
	is_str(pairs_get(&ss.v[9999].labels, "n"), "9999");
	sources_clear(&ss);
	buf_clear(&b);
}

static void
fails(const char *path, const char *why)
{
	struct sources	ss;
	struct err	err = ERR_INIT;

	buf_clear(&said);
	buf_adds(&said, "");
	is_int(sources_read(&ss, path, NULL, complain, &said, &err), -1);
	if (!ok(strstr(err.msg, why) != NULL, "because: %s", why))
		printf("# %s\n", err.msg);
	is_str(said.data, "");
	ok(ss.v == NULL && ss.file == NULL, "nothing to clear");
	sources_clear(&ss);
}

static void
test_files(void)
{
	char	missing[64];
	int	fd;

	fails(dir, "is a directory");
	snprintf(missing, sizeof(missing), "%s/missing", dir);
	fails(missing, "missing: No such file");
	fails("", "No such file");
	write_file(list, "\xff\xfer\0.\0i\0o\0", 10);
	fails(list, "UTF-16");
	write_file(list, "\xfe\xff\0r", 4);
	fails(list, "UTF-16");
	write_file(list, "", 0);
	if ((fd = open(list, O_WRONLY)) == -1 ||
	    ftruncate(fd, LIST_BYTES_MAX + 1) == -1)
		abort();
	close(fd);
	fails(list, "larger than");
}

static void
test_stdin(void)
{
	struct sources	ss;
	struct err	err = ERR_INIT;
	int		p[2], saved = dup(STDIN_FILENO), fd;

	buf_clear(&said);
	if (pipe(p) == -1 || dup2(p[0], STDIN_FILENO) == -1 ||
	    write(p[1], "r.io/a\nb\n", 9) != 9)
		abort();
	close(p[0]);
	close(p[1]);
	is_int(sources_read(&ss, "-", NULL, complain, &said, &err), 1);
	is_str(ss.file, "-");
	are_sources(&ss, "1 r.io/a;");
	ok(strstr(said.data, "-:2: ") == said.data, "its name");
	sources_clear(&ss);
	ok(fcntl(STDIN_FILENO, F_GETFD) != -1, "left open");
	if ((fd = open(dir, O_RDONLY)) == -1 || dup2(fd, STDIN_FILENO) == -1)
		abort();
	close(fd);
	fails("-", "standard input: is a directory");
	close(STDIN_FILENO);
	fails("-", "standard input: Bad file descriptor");
	if (saved != -1)
		dup2(saved, STDIN_FILENO);
}

/* A list from <(process substitution). */
static void
test_fifo(void)
{
	struct sources	ss;
	struct err	err = ERR_INIT;
	char		path[64];
	pid_t		pid;
	int		fd;

	snprintf(path, sizeof(path), "%s/fifo", dir);
	if (mkfifo(path, 0600) == -1)
		abort();
	fflush(stdout);
	if ((pid = fork()) == 0) {
		if ((fd = open(path, O_WRONLY)) == -1 ||
		    write(fd, "r.io/a\n", 7) != 7)
			_exit(1);
		_exit(0);
	}
	is_int(sources_read(&ss, path, NULL, complain, &said, &err), 0);
	are_sources(&ss, "1 r.io/a;");
	sources_clear(&ss);
	waitpid(pid, NULL, 0);
	unlink(path);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL) {
		perror(dir);
		return 1;
	}
	snprintf(list, sizeof(list), "%s/list", dir);
	buf_init(&said, 1000000);
	test_pairs();
	test_annotations();
	test_labels();
	test_list();
	test_wrong();
	test_long();
	test_files();
	test_stdin();
	test_fifo();
	buf_clear(&said);
	unlink(list);
	rmdir(dir);
	return tap_end();
}
