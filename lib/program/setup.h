#ifndef ACEDT_SETUP_H
#define ACEDT_SETUP_H

/*
 * What every program does first: io_setup(), env_setup(), and a want of memory
 * in libjq ends the program with a message.
 */
void	program_setup(void);

#endif
