/*
 * The options that several programs have, and what --help says of them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "lib/program/cli.h"

static const struct common_option {
	unsigned int		 set;	/* enum cli_common; 0: all */
	struct cli_option	 option;
} common[] = {
	{ 0, { CLI_ID_HELP, 'h', "help", CLI_NONE, NULL, "show this help" } },
	{ 0, { CLI_ID_VERSION, 0, "version", CLI_NONE, NULL,
	    "show the version" } },
	{ 0, { CLI_ID_VERBOSITY, 'v', "verbosity", CLI_OPTIONAL, "LEVEL",
	    "what to report: error (0), warn (4), info (8), debug (12); "
	    "without LEVEL one more [$ACE_DT_VERBOSITY; default warn]" } },
	{ CLI_EVENTS, { CLI_ID_EVENTS, 0, "events-fd", CLI_VALUE, "N",
	    "write progress events, JSON lines, to descriptor N" } },
	{ CLI_CONFIG, { CLI_ID_CONFIG, 0, "config", CLI_VALUE, "FILE",
	    "configuration file; repeatable, the first one present is used "
	    "[$ACE_DT_CONFIG]" } },
	{ CLI_PATIENCE, { CLI_ID_RETRIES, 0, "retries", CLI_VALUE, "N",
	    "how often a request that failed is sent again (5)" } },
	{ CLI_PATIENCE, { CLI_ID_RETRY_TIME, 0, "retry-max-time", CLI_VALUE,
	    "SECONDS", "how long a request may take with all its retries; "
	    "after that it is not sent again" } },
	{ CLI_PATIENCE, { CLI_ID_STALL_TIME, 0, "stall-time", CLI_VALUE,
	    "SECONDS", "how long a connection may stay without moving a byte "
	    "(60)" } },
	{ CLI_SHARED, { CLI_ID_SHARED, 0, "shared-fd", CLI_VALUE, "N",
	    "share limits with other programs, by the memory that ace-dt "
	    "hands down as descriptor N" } },
	{ CLI_UNORDERED, { CLI_ID_UNORDERED, 0, "unordered", CLI_NONE, NULL,
	    "write each record as soon as it is done, in any order" } },
	{ CLI_LIST_NAME, { CLI_ID_LIST_NAME, 0, "name", CLI_VALUE, "NAME",
	    "what to call the list on standard input" } },
	{ CLI_RECURSIVE, { CLI_ID_RECURSIVE, 'r', "recursive", CLI_NONE, NULL,
	    "copy the referrers too: signatures, attestations, SBOMs" } },
	{ CLI_BLOBS, { CLI_ID_LIMIT_RATE, 0, "limit-rate", CLI_VALUE, "SIZE",
	    "bytes of blobs a second, over all of them: 500k, 10Mi" } },
	{ CLI_BLOBS, { CLI_ID_MAX_TIME, 0, "max-time", CLI_VALUE, "SECONDS",
	    "the most that one blob may take; no limit by default" } },
	{ CLI_BLOBS, { CLI_ID_SPEED_LIMIT, 0, "speed-limit", CLI_VALUE, "SIZE",
	    "bytes a second that a source must send of a blob (20)" } },
	{ CLI_BLOBS, { CLI_ID_SPEED_TIME, 0, "speed-time", CLI_VALUE,
	    "SECONDS", "over which --speed-limit is measured (600)" } },
	{ CLI_INDEX, { CLI_ID_ALLOW_EMPTY, 0, "allow-empty", CLI_NONE, NULL,
	    "publish an index even if it has no entries" } },
	{ CLI_INDEX, { CLI_ID_ANNOTATIONS, 'a', "annotations", CLI_VALUE,
	    "KEY=VALUE,...",
	    "annotations to add to the index; repeatable" } },
	{ CLI_INDEX, { CLI_ID_FALLBACK, 0, "index-fallback", CLI_NONE, NULL,
	    "name indexes in an annotation instead of among the manifests, "
	    "for registries that take no index in an index (Artifactory); "
	    "what is only named there may be garbage-collected" } },
	{ CLI_INDEX, { CLI_ID_OVERWRITE, 0, "overwrite", CLI_NONE, NULL,
	    "replace what IMAGE names even if it is not a gathered index" } },
};

#define COMMON_MAX	(sizeof(common) / sizeof(common[0]))

static int
by_name(const void *a, const void *b)
{
	const struct cli_option	*oa = a, *ob = b;

	return strcmp(oa->name, ob->name);
}

struct cli_option *
cli_options(const struct cli_program *program)
{
	static const struct cli_option	 end = CLI_END;
	const struct cli_option		*own = program->options;
	struct cli_option		*all;
	size_t				 i, n = 0;

	while (own != NULL && own[n].name != NULL)
		n++;
	all = xcalloc(n + COMMON_MAX + 1, sizeof(*all));
	if (n > 0)
		memcpy(all, own, n * sizeof(*all));
	for (i = 0; i < COMMON_MAX; i++)
		if (common[i].set == 0 ||
		    (common[i].set & program->common) != 0)
			all[n++] = common[i].option;
	qsort(all, n, sizeof(*all), by_name);
	for (i = 1; i < n; i++)
		assert(strcmp(all[i - 1].name, all[i].name) != 0);
	all[n] = end;
	return all;
}
