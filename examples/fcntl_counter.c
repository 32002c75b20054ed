/* SPDX-License-Identifier: MIT */
/*
 * Adds one to a number in a file, under an fcntl lock of the whole file. With "-trap" it opens and closes
 * the file once more while it holds the lock, which drops it: the trap of fcntl locks. Statically
 * linked it shows that nothing has to be preloaded:
 *
 *     gcc -static -o fcntl_counter fcntl_counter.c
 *
 * usage: fcntl_counter COUNTER [-trap]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char text[32] = "";
    if (argc < 2)
        return 2;
    int fd = open(argv[1], O_RDWR);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fd == -1 || fcntl(fd, F_SETLKW, &whole) == -1)
        return 1;
    if (argc > 2)
        close(open(argv[1], O_RDONLY)); /* the lock is gone, and nobody says so */
    if (pread(fd, text, sizeof text - 1, 0) <= 0)
        return 1;
    int length = snprintf(text, sizeof text, "%ld\n", strtol(text, NULL, 10) + 1);
    if (pwrite(fd, text, (size_t)length, 0) != length)
        return 1;
    return close(fd) == -1;
}
