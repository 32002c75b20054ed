/* SPDX-License-Identifier: MIT */
/* Files and folders: whole files in and out, trees made and removed, what a filesystem is called.
 */
#ifndef LP_OS_FILE_H
#define LP_OS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"

/* Appends a whole file to `text`. Refuses more than `limit` bytes. LP_ERR_USAGE on failure. */
int lp_file_read(const char *path, size_t limit, struct lp_str *text,
                 struct lp_err *err) LP_MUST_CHECK;
/* Replaces a file's content; LP_ERR_SELF on failure. */
int lp_file_write(const char *path, const void *bytes, size_t size,
                  struct lp_err *err) LP_MUST_CHECK;

/* mkdir -p, mode 0755 less the umask; LP_ERR_SELF on failure. */
int lp_folder_make(const char *path, struct lp_err *err) LP_MUST_CHECK;
/* Makes the folder that `path` is to lie in. */
int lp_folder_of(const char *path, struct lp_err *err) LP_MUST_CHECK;
/* rm -rf that follows no link and crosses no mount point; what cannot be removed is left. */
void lp_folder_remove(const char *path);

/* Removes the files (not folders) of a folder whose names begin with `prefix`. */
void lp_files_remove(const char *folder, const char *prefix);

bool lp_is_folder(const char *path);
bool lp_is_file(const char *path);

/* "tmpfs", "ext4", ... of the filesystem that `path` is on; "type 0x..." for one not in the table.
 */
void lp_filesystem_name(const char *path, char *name, size_t size);
/* Bytes that can still be written there; 0 when unknown. */
uint64_t lp_filesystem_free(const char *path);

#endif
