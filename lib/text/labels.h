#ifndef ACEDT_LABELS_H
#define ACEDT_LABELS_H

struct err;
struct pairs;

/*
 * Add what one -a/--annotations argument says: doc/compat.md, "-a".
 */
int	annotations_add(struct pairs *, const char *arg, struct err *);

/* key=value by Kubernetes' label rules: doc/compat.md, "Sources file". */
int	label_add(struct pairs *, const char *text, struct err *);

#endif
