#ifndef ACEDT_LOG_H
#define ACEDT_LOG_H

/*
 * Messages for people: one line each, "program: text", on standard error by
 * a single write(2), so that lines of several processes never mix.  What
 * could steer a terminal or deceive its reader (control characters, marks of
 * direction, invisible characters, broken UTF-8), or a CI service that reads
 * the log for commands, is written as escapes, whatever it came from.
 */

/* Levels of -v; in between counts as the next lower one. */
enum {
	LOG_LEVEL_ERROR = 0,
	LOG_LEVEL_WARN = 4,
	LOG_LEVEL_INFO = 8,
	LOG_LEVEL_DEBUG = 12
};

/* The program's name, borrowed, as it stands before each message. */
void	log_init(const char *name);
const char *log_name(void);
void	log_set_level(int);
int	log_level(void);

/*
 * Read a level: a number, or error, warn, info, debug.  0 with *level set,
 * or -1.
 */
int	log_parse_level(const char *, int *level);

void	log_error(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));

/* log_error(), then exit with the status. */
_Noreturn void log_die(int status, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * Write text into out (size bytes, NUL-terminated) with everything that is
 * not safe on a terminal or in a log escaped as \n, \xNN, \uNNNN or
 * \UNNNNNNNN.  Cuts when full.
 */
void	log_escape(char *out, unsigned long size, const char *text);

#endif
