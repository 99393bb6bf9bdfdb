/*
 * Event lines to numbers, and numbers to words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bin/ace-dt/progress.h"
#include "bin/ace-dt/text.h"
#include "lib/text/human.h"
#include "test/unit/tap.h"

static struct progress	p;
static int64_t		now;

static void
event(const char *line)
{
	progress_event(&p, line, strlen(line), now);
}

/* The text is freed. */
static void
is_text(char *got, const char *want)
{
	is_str(got, want);
	free(got);
}

static void
start(void)
{
	now = 1000000;
	progress_init(&p, now);
}

static void
test_images(void)
{
	start();
	is_text(text_total(&p, 80), "reading the list");
	event("{\"event\":\"list\",\"images\":3}");
	is_int(p.total_images, 3);
	event("{\"event\":\"resolved\",\"line\":1,\"source\":\"a\"}");
	event("{\"event\":\"resolved\",\"line\":2,\"source\":\"a\"}");
	is_text(text_total(&p, 80), "2 of 3 images looked up");
	event("{\"event\":\"image\",\"source\":\"a\",\"line\":1,"
	    "\"state\":\"start\"}");
	now += 500;
	event("{\"event\":\"image\",\"source\":\"a\",\"line\":2,"
	    "\"state\":\"start\"}");
	/* Once more changes nothing. */
	event("{\"event\":\"image\",\"source\":\"a\",\"line\":2,"
	    "\"state\":\"start\"}");
	ok(p.images != NULL && p.images->next != NULL &&
	    p.images->next->next == NULL, "two are under way");
	is_int(p.images->line, 1);
	is_text(text_image(p.images, now + 1000), "    1.5 s  a");
	is_text(text_image(p.images->next, now + 1000), "    1.0 s  a");
	event("{\"event\":\"image\",\"source\":\"a\",\"line\":1,"
	    "\"state\":\"failed\"}");
	is_int(p.failed_images, 1);
	is_int(p.done_images, 0);
	is_int(p.images->line, 2);
	ok(p.images->next == NULL, "the first one has ended");
	event("{\"event\":\"image\",\"source\":\"a\",\"line\":2,"
	    "\"state\":\"done\",\"bytes\":5}");
	ok(p.images == NULL, "none is under way");
	/* One that nobody saw start. */
	event("{\"event\":\"image\",\"source\":\"b\",\"line\":3,"
	    "\"state\":\"done\"}");
	is_int(p.done_images, 2);
	is_text(text_total(&p, 80), "2 of 3 images, 0 B of 0 B, 0 B/s");
	progress_clear(&p);
}

static void
test_names_are_escaped(void)
{
	start();
	event("{\"event\":\"image\",\"source\":\"x\\u001b[2Jy\","
	    "\"state\":\"start\"}");
	is_text(text_image(p.images, now), "    0.0 s  x\\x1b[2Jy");
	progress_clear(&p);
}

static char	said[256];

static void
note(void *arg, const char *source, int64_t bytes)
{
	char	*text = text_image_done(source, bytes);

	ok(arg == &p, "the argument");
	snprintf(said, sizeof(said), "%s", text);
	free(text);
}

static void
test_said(void)
{
	start();
	p.on_image = note;
	p.arg = &p;
	event("{\"event\":\"image\",\"source\":\"a\",\"state\":\"start\"}");
	event("{\"event\":\"image\",\"source\":\"b\",\"state\":\"failed\"}");
	is_str(said, "");
	event("{\"event\":\"image\",\"source\":\"a\",\"state\":\"done\","
	    "\"bytes\":1234}");
	is_str(said, "a: 1.2 kB");
	progress_clear(&p);
}

static void
test_blobs(void)
{
	start();
	event("{\"event\":\"list\",\"images\":2}");
	event("{\"event\":\"plan\",\"bytes\":1000}");
	event("{\"event\":\"plan\",\"bytes\":10000}");
	event("{\"event\":\"blob\",\"digest\":\"d1\",\"size\":6000,"
	    "\"bytes\":100,\"state\":\"progress\"}");
	event("{\"event\":\"blob\",\"digest\":\"d2\",\"size\":3000,"
	    "\"bytes\":50,\"state\":\"progress\"}");
	event("{\"event\":\"blob\",\"digest\":\"d1\",\"size\":6000,"
	    "\"bytes\":2000,\"state\":\"progress\"}");
	is_int(progress_bytes(&p), 2050);
	/* What a blob that failed has moved was in vain. */
	event("{\"event\":\"blob\",\"digest\":\"d2\",\"size\":3000,"
	    "\"bytes\":70,\"state\":\"failed\"}");
	is_int(progress_bytes(&p), 2000);
	event("{\"event\":\"blob\",\"digest\":\"d1\",\"size\":6000,"
	    "\"bytes\":6000,\"state\":\"done\",\"how\":\"copied\"}");
	event("{\"event\":\"blob\",\"digest\":\"d3\",\"size\":1000,"
	    "\"state\":\"done\",\"how\":\"present\"}");
	event("{\"event\":\"blob\",\"digest\":\"d4\",\"size\":10,"
	    "\"state\":\"done\",\"how\":\"mounted\"}");
	ok(p.blobs == NULL, "none is under way");
	is_int(p.copied_blobs, 1);
	is_int(p.copied_bytes, 6000);
	is_int(p.present_blobs, 2);
	is_int(p.settled_bytes, 7010);
	is_text(text_total(&p, 80), "0 of 2 images, 7.0 kB of 10 kB, 0 B/s");
	is_text(text_total(&p, 37), "0/2, 7.0 kB/10 kB, 0 B/s");
	progress_clear(&p);
}

static void
blob_at(int64_t bytes)
{
	char	line[200];

	snprintf(line, sizeof(line), "{\"event\":\"blob\",\"digest\":\"d\","
	    "\"size\":1000000,\"bytes\":%lld,\"state\":\"progress\"}",
	    (long long)bytes);
	event(line);
}

static void
test_rate(void)
{
	int	i;

	start();
	event("{\"event\":\"list\",\"images\":1}");
	event("{\"event\":\"plan\",\"bytes\":1000000}");
	is_int(progress_left(&p), -1);
	/* Nothing moves: that is no time of the transfer. */
	now += 60000;
	progress_tick(&p, now);
	for (i = 1; i <= 20; i++) {
		now += 500;
		blob_at(i * 10000);
		progress_tick(&p, now);
	}
	ok(p.rate > 19999 && p.rate < 20001, "20 kB/s: %f", p.rate);
	is_int(progress_left(&p), 40000);
	is_text(text_total(&p, 80),
	    "0 of 1 images, 200 kB of 1.0 MB, 20 kB/s, 40 s left");
	/* Two looks close to each other do not change it. */
	blob_at(900000);
	progress_tick(&p, now + 100);
	ok(p.rate < 20001, "too soon: %f", p.rate);
	/* A long time between two looks counts once. */
	blob_at(200000);
	progress_tick(&p, now += 20000);
	ok(p.rate >= 0 && p.rate < 1, "not below nothing: %f", p.rate);
	/* What a blob that is done has moved does not count backwards. */
	event("{\"event\":\"blob\",\"digest\":\"d\",\"size\":200000,"
	    "\"bytes\":200000,\"state\":\"done\",\"how\":\"copied\"}");
	progress_tick(&p, now += 1000);
	ok(p.rate >= 0, "a blob is done: %f", p.rate);
	/* It forgets: after some time of standstill it is near 0. */
	for (i = 0; i < 60; i++)
		progress_tick(&p, now += 1000);
	ok(p.rate < 1, "standstill: %f", p.rate);
	is_int(progress_left(&p), -1);
	progress_clear(&p);
}

static void
test_what_is_no_event(void)
{
	static const char *const	lines[] = { "", "{", "[]", "1", "null",
	    "{}", "{\"event\":1}", "{\"event\":\"image\"}",
	    "{\"event\":\"image\",\"state\":\"start\"}",
	    "{\"event\":\"blob\",\"state\":\"done\"}",
	    "{\"event\":\"list\",\"images\":\"many\"}",
	    "{\"event\":\"list\",\"images\":-1}",
	    ("{\"event\":\"request\",\"note\":\"\\\"event\\\":\\\"list\\\"\","
	    "\"images\":7}"), "{\"event\":\"something\",\"state\":\"done\"}" };
	size_t				i;

	start();
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		event(lines[i]);
	is_int(p.total_images, 0);
	is_int(p.done_images, 0);
	is_int(p.settled_bytes, 0);
	ok(p.images == NULL && p.blobs == NULL, "nothing is under way");
	/* The length counts, not a NUL. */
	progress_event(&p, "{\"event\":\"manifest\"}junk", 20, now);
	is_int(p.sent_manifests, 1);
	progress_clear(&p);
}

static void
test_summary(void)
{
	start();
	p.done_images = 3;
	event("{\"event\":\"published\",\"left_out\":0,\"changed\":1}");
	is_int(p.published, 1);
	is_text(text_summary(&p, "oci:x:1", 1234), "oci:x:1: gathered 3 "
	    "images, 0 blobs (0 B) copied, 0 there already, in 1.2 s");
	event("{\"event\":\"published\",\"left_out\":2,\"changed\":1}");
	p.copied_blobs = 1;
	p.copied_bytes = 999;
	p.present_blobs = 4;
	is_text(text_summary(&p, "r/x:1", 130000), "r/x:1: gathered 1 image "
	    "(of 2 more nothing was selected), 1 blob (999 B) copied, 4 there "
	    "already, in 2 min");
	event("{\"event\":\"published\",\"left_out\":0,\"changed\":0}");
	event("{\"event\":\"manifest\"}");
	is_text(text_summary(&p, "r/x:1", 10000), "r/x:1: the index is as it "
	    "was, but 1 blob (999 B) and 1 manifest below it were copied, in "
	    "10 s");
	p.copied_blobs = p.sent_manifests = 0;
	is_text(text_summary(&p, "r/x:1", 7500000), "r/x:1: nothing has "
	    "changed, 3 images in 2 h 5 min");
	progress_clear(&p);
}

static void
test_amounts(void)
{
	char	out[TEXT_NUMBER_MAX];

	is_str(human_bytes(0, out), "0 B");
	is_str(human_bytes(999, out), "999 B");
	is_str(human_bytes(1000, out), "1.0 kB");
	is_str(human_bytes(25600000, out), "26 MB");
	is_str(human_bytes(1200000000, out), "1.2 GB");
	is_str(human_bytes(INT64_MAX, out), "9223372 TB");
	is_str(text_span(0, out), "0.0 s");
	is_str(text_span(9999, out), "9.9 s");
	is_str(text_span(10000, out), "10 s");
	is_str(text_span(119999, out), "119 s");
	is_str(text_span(120000, out), "2 min");
	is_str(text_span(7199000, out), "120 min");
	is_str(text_span(7200000, out), "2 h 0 min");
}

int
main(void)
{
	test_images();
	test_names_are_escaped();
	test_said();
	test_blobs();
	test_rate();
	test_what_is_no_event();
	test_summary();
	test_amounts();
	return tap_end();
}
