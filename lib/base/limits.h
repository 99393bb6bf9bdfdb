#ifndef ACEDT_LIMITS_H
#define ACEDT_LIMITS_H

/*
 * Every limit of the suite, in one place.  Those that a user can meet stand
 * in a manual page too: acedt-stream(5), LIMITS, or the page of the program.
 */

/* The stream, acedt-stream(5). */
#define STREAM_LINE_MAX		(32 * 1024 * 1024)  /* bytes, with newline */
#define STREAM_DEPTH_MAX	64		    /* nesting of one record */
#define STREAM_VALUES_MAX	2000000		    /* JSON values */

/* Sources files, ace-dt-mirror-gather(1). */
#define LIST_BYTES_MAX		(64 * 1024 * 1024)
#define LIST_RECORD_MAX		(64 * 1024)	    /* bytes of one source */

/* References: host + "/" + repository, as many clients limit it. */
#define REF_NAME_MAX		255
#define REF_TAG_MAX		128

/* Documents from registries and layouts: doc/protocol.md, "Manifests". */
#define MANIFEST_BYTES_MAX	(4 * 1024 * 1024)
#define CONFIG_BYTES_MAX	(4 * 1024 * 1024)
#define MANIFEST_VALUES_MAX	200000		    /* JSON values */
#define MANIFEST_DEPTH_MAX	100		    /* JSON nesting */
#define INDEX_DEPTH_MAX		16		    /* indexes in indexes */
#define IMAGE_MANIFESTS_MAX	5000 		    /* below one source */
#define IMAGE_MANIFESTS_BYTES_MAX (22 * 1024 * 1024) /* of those, so that base64
						     * fits a stream line */
#define INDEX_BYTES_MAX		(64 * 1024 * 1024)  /* a gathered index */
#define INDEX_VALUES_MAX	1000000		    /* its JSON values */
#define REFERRERS_PAGES_MAX	100

/* HTTP. */
#define HTTP_HEADER_MAX		(256 * 1024)	    /* all headers, bytes */
#define HTTP_ERROR_BODY_MAX	(64 * 1024)
#define HTTP_TOKEN_BODY_MAX	(1024 * 1024)
#define HTTP_REDIRECTS_MAX	10
#define HTTP_URL_MAX		(64 * 1024)
#define CHALLENGES_MAX		50		    /* fields of one answer */
#define HTTP_CONNECT_SECONDS	30
#define HTTP_HURRY_SECONDS	5		    /* the same, acedt-check */
#define HTTP_STALL_SECONDS	60		    /* without a byte */
#define HTTP_COMMIT_SECONDS	900		    /* the same, after the
						     * last of an upload */
#define HTTP_CRAWL_STALLS	10		    /* times that, for what
						     * is not a blob */
#define HTTP_SPEED_LIMIT	20		    /* bytes/s of a blob */
#define HTTP_SPEED_SECONDS	600		    /* averaged over */
#define HTTP_SECONDS_MAX	86400		    /* what an option may say */
#define HTTP_RETRIES		5		    /* without progress */
#define HTTP_RETRIES_MAX	100
#define HTTP_OUTAGE_SECONDS	120		    /* a host that was reached,
						     * and is not any more */
#define HTTP_FIRST_SECONDS	5		    /* one that never was */
#define HTTP_PROBE_MAX_MS	5000		    /* between two tries then */
#define HTTP_OUTAGE_TOLD_MS	2000		    /* when it is said */
#define HTTP_OUTAGE_LOOK_MS	100		    /* between two looks */
#define TOKEN_RETRIES		2		    /* if it is busy */
#define TOKEN_SCOPES_MAX	2048		    /* bytes, in one request */
#define HOST_REST_SECONDS	30		    /* if unreachable */
#define HELPER_SECONDS		60		    /* a credential helper */
#define HELPER_SECONDS_MAX	3600
#define HELPER_ANSWER_MAX	(64 * 1024)
#define HTTP_CALLS_PER_HOST	32		    /* the default */
#define HTTP_HOSTS_AT_ONCE	4		    /* times that: all hosts */
#define SHARED_LOOK_MS		20		    /* for places of others */
#define PACE_MAX_MS		10000		    /* between two requests */
#define REQUESTS_PER_SECOND_MAX	10000
#define QUOTA_PACE_MAX_MS	2000		    /* the same, for a quota */
#define QUOTA_SMALL_PART	10		    /* 1/10 is left */
#define HTTP_BACKOFF_MS		250		    /* first wait, doubled */
#define HTTP_BACKOFF_MAX_MS	30000
#define HTTP_RETRY_AFTER_MAX	120		    /* seconds */

/* Uploads, acedt-push(1). */
#define UPLOAD_NOTED_MIN	(8 * 1024 * 1024)   /* goes on after a kill */
#define UPLOAD_SNAPSHOT		(16 * 1024 * 1024)  /* between two states */
#define UPLOAD_DAYS		7		    /* of notes and parts */
#define HOST_NOTE_DAYS		7		    /* of what a host does */
#define UPLOAD_CHUNK_MAX	(1024 * 1024 * 1024) /* a registry's wish */
#define RATE_MAX		1000000000000LL	    /* --limit-rate, bytes/s */

/*
 * Data of one process: for a run that the limits above allow, with much to
 * spare.  256 images under way may have 22 MiB of manifests each.
 */
#define MEMORY_MAX		(16ULL << 30)
#define FILTER_MEMORY_MAX	(4ULL << 30)	    /* one image at a time */

/* Files of a user. */
#define CONFIG_FILE_MAX		(1024 * 1024)
#define ENDPOINTS_MAX		30		    /* of one registry */
#define CONFIG_VALUES_MAX	10000
#define CONFIG_DEPTH_MAX	64		    /* lists and mappings */
#define PATTERN_LENGTH_MAX	2000		    /* bytes, of rewritePull */
#define PATTERN_DEPTH_MAX	32		    /* groups in groups */
#define PATTERN_STEPS_MAX	1000000		    /* of one match */
#define PATTERN_HEAP_MAX	(16 * 1024 * 1024)  /* bytes, for one match */
#define CERTS_FILE_MAX		(1024 * 1024)
#define DOCKER_CONFIG_MAX	(4 * 1024 * 1024)
#define LAYOUT_INDEX_MAX	(32 * 1024 * 1024)  /* index.json, bytes */
#define LOCK_SAY_MS		2000		    /* before it is said */
#define LOCK_LOOK_MS		50		    /* between two tries */
#define LAYOUT_ENTRY_VALUES_MAX	10000		    /* JSON values, one entry */

#endif
