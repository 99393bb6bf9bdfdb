/* What every program does before anything else. */
#include "lib/base/env.h"
#include "lib/base/io.h"
#include "lib/program/setup.h"
#include "lib/text/json.h"

void
program_setup(void)
{
	io_setup();
	env_setup();
	json_setup();
}
