#include <stdlib.h>
#include <string.h>

#include "lib/base/env.h"
#include "lib/base/xalloc.h"
#include "test/unit/tap.h"

static void
config_path_is(const char *want)
{
	char	*path = env_config_path("ace/dt/config.yaml");

	is_str(path, want);
	free(path);
}

static void
test_paths(void)
{
	setenv("HOME", "/home/ann", 1);
	unsetenv("XDG_CONFIG_HOME");
	is_str(env_home(), "/home/ann");
	config_path_is("/home/ann/.config/ace/dt/config.yaml");
	setenv("XDG_CONFIG_HOME", "", 1);
	config_path_is("/home/ann/.config/ace/dt/config.yaml");
	setenv("XDG_CONFIG_HOME", "/etc/xdg", 1);
	config_path_is("/etc/xdg/ace/dt/config.yaml");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("HOME");
	is_str(env_home(), "");
	config_path_is("/.config/ace/dt/config.yaml");
}

static void
test_values(void)
{
	unsetenv("ACE_DT_CONFIG");
	ok(env_get("ACE_DT_CONFIG") == NULL, "a variable that is not set");
	setenv("ACE_DT_CONFIG", "", 1);
	ok(env_get("ACE_DT_CONFIG") == NULL, "an empty variable");
	setenv("ACE_DT_CONFIG", " ", 1);
	is_str(env_get("ACE_DT_CONFIG"), " ");
}

/* What a program believes of its start does not change while it runs. */
static void
test_supervised(void)
{
	unsetenv(ENV_SUPERVISED);
	env_setup();
	is_int(env_is_supervised(), 0);
	setenv(ENV_SUPERVISED, "1", 1);
	is_int(env_is_supervised(), 0);
	env_setup();
	is_int(env_is_supervised(), 1);
	unsetenv(ENV_SUPERVISED);
	is_int(env_is_supervised(), 1);
}

int
main(void)
{
	test_paths();
	test_values();
	test_supervised();
	return tap_end();
}
