/*
 * Which records -l and -e choose.
 */
#include <stdlib.h>
#include <string.h>

#include <jq.h>

#include "lib/base/errmsg.h"
#include "lib/stream/image.h"
#include "lib/text/json.h"
#include "tools/acedt-filter/filter.h"

static int
has_labels(const struct filter *f, const struct record *rec)
{
	jv	 labels = json_get(rec->obj, "labels");
	char	*value;
	size_t	 i;
	int	 good = 1;

	for (i = 0; i < f->labels.n && good; i++) {
		value = json_str(labels, f->labels.v[i].key);
		good = value != NULL &&
		    strcmp(value, f->labels.v[i].value) == 0;
		free(value);
	}
	jv_free(labels);
	return good;
}

/* libjq says on its own what is wrong with a program; we say it as ours. */
static void
keep_message(void *arg, jv msg)
{
	struct err	*err = arg;

	msg = jq_format_error(msg);
	if (err->msg[0] == '\0' && jv_get_kind(msg) == JV_KIND_STRING)
		err_set(err, ERR_USAGE, "%s", jv_string_value(msg));
	jv_free(msg);
}

int
match_compile(struct filter *f, struct err *err)
{
	if ((f->jq = jq_init()) == NULL)
		return err_set(err, ERR_INTERNAL, "libjq cannot be set up");
	err->msg[0] = '\0';
	jq_set_error_cb(f->jq, keep_message, err);
	/* Without a search path libjq aborts on "include" and "import". */
	jq_set_attr(f->jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
	if (jq_compile(f->jq, f->program))
		return 0;
	if (err->msg[0] == '\0')
		err_set(err, ERR_USAGE, "this is not a jq program");
	return -1;
}

void
match_clear(struct filter *f)
{
	if (f->jq != NULL)
		jq_teardown(&f->jq);
}

/* Is the program's first output something else than false and null? */
static int
is_true(const struct filter *f, const struct record *rec, struct err *err)
{
	jv	v, msg;
	int	rc;

	jq_start(f->jq, jv_copy(rec->obj), 0);
	v = jq_next(f->jq);
	if (jv_is_valid(v)) {
		rc = jv_get_kind(v) != JV_KIND_FALSE &&
		    jv_get_kind(v) != JV_KIND_NULL;
		jv_free(v);
		return rc;
	}
	if (!jv_invalid_has_msg(jv_copy(v))) {
		jv_free(v);
		if (jq_halted(f->jq))
			return err_set(err, ERR_USAGE, "the expression halts");
		return 0;		/* no output at all: empty */
	}
	msg = jv_invalid_get_msg(v);
	err_set(err, ERR_USAGE, "the expression fails: %s",
	    jv_get_kind(msg) == JV_KIND_STRING ? jv_string_value(msg) :
	    "unknown reason");
	jv_free(msg);
	return -1;
}

/*
 * Does the program name a member that the record may lack because it failed?
 * Then the record says nothing on what the image would have matched.  A name
 * within a string of the program counts too: that errs on the safe side.
 */
static int
wants_what_is_missing(const struct filter *f, const struct record *rec)
{
	static const char *const	later[] = { "descriptor", "manifests",
					    "platform", "selected",
					    "referrers", "present", "pushed" };
	size_t				i;

	for (i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (!json_has(rec->obj, later[i]) &&
		    strstr(f->program, later[i]) != NULL)
			return 1;
	return 0;
}

int
match_record(const struct filter *f, const struct record *rec, struct err *err)
{
	int	rc;

	if (f->labels.n > 0 && image_check_labels(rec->obj, err) == -1)
		return record_has_error(rec) ? 1 : -1;
	if (!has_labels(f, rec))
		return 0;
	if (f->jq == NULL)
		return 1;
	rc = is_true(f, rec, err);
	if (rc != 1 && record_has_error(rec) &&
	    (rc == -1 || wants_what_is_missing(f, rec)))
		return 1;
	return rc;
}
