/* The destination, IMAGE: a reference that can be written to. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/errmsg.h"
#include "lib/oci/dest.h"

int
dest_parse(struct dest *d, const char *image, struct err *err)
{
	memset(d, 0, sizeof(*d));
	d->layout.fd = -1;
	if (ref_parse(&d->ref, image, err) == -1)
		return err_wrap(err, "IMAGE");
	if (d->ref.digest != NULL) {
		ref_clear(&d->ref);
		return err_set(err, ERR_USAGE, "IMAGE %s: it is where the "
		    "index goes: name a tag, not a digest", image);
	}
	d->tag = ref_tag(&d->ref);
	return 0;
}

void
dest_close(struct dest *d)
{
	if (d->repo == NULL && d->layout.dir != NULL)
		layout_close(&d->layout);
	ref_clear(&d->ref);
	free(d->name);
	d->name = NULL;
}
