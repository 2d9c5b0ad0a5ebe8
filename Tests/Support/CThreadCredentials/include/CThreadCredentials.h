#ifndef C_THREAD_CREDENTIALS_H
#define C_THREAD_CREDENTIALS_H

// Makes the calling thread, and those it starts from now on, a plain user's: nobody, without groups and capabilities
// (credentials(7), setresuid(2)). Other threads keep what they have. Returns 0, or -1 with errno.
int thread_become_nobody(void);

#endif
