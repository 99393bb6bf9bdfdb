#ifndef ACEDT_CMD_GATHER_H
#define ACEDT_CMD_GATHER_H

/* ace-dt mirror gather; the words of the command are in argv too. */
int	gather_main(int argc, char **argv);
_Noreturn void gather_help(void);

#endif
