/* The environment: what the variables say, read in one place. */
#include <stdlib.h>

#include "lib/base/env.h"
#include "lib/base/xalloc.h"

static int	supervised;

void
env_setup(void)
{
	supervised = getenv(ENV_SUPERVISED) != NULL;
}

int
env_is_supervised(void)
{
	return supervised;
}

const char *
env_get(const char *name)
{
	const char	*value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

const char *
env_home(void)
{
	const char	*home = env_get("HOME");

	return home != NULL ? home : "";
}

char *
env_config_path(const char *relative)
{
	const char	*xdg = env_get("XDG_CONFIG_HOME");

	return xdg != NULL ? xasprintf("%s/%s", xdg, relative) :
	    xasprintf("%s/.config/%s", env_home(), relative);
}
