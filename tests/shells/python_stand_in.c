/* A substitute for python.exe, because the tests under wine have no Python for Windows.
 *
 * It writes its arguments, CONDA_PREFIX and CASE, separated by tabs, as a line to a file of its
 * own: RECORD-PID. If GATE is set, it waits up to a minute for that file, and appends "ended".
 */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static const char *variable(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}

int main(int argc, char **argv) {
  char path[2 * MAX_PATH];
  snprintf(path, sizeof path, "%s-%lu", variable("RECORD"), GetCurrentProcessId());
  FILE *file = fopen(path, "a");
  for (int i = 1; i < argc; i++)
    fprintf(file, "%s%s", i > 1 ? " " : "", argv[i]);
  fprintf(file, "\t%s\t%s\n", variable("CONDA_PREFIX"), variable("CASE"));
  fflush(file);
  if (*variable("GATE")) {
    for (int i = 0; i < 1200 && GetFileAttributesA(getenv("GATE")) == INVALID_FILE_ATTRIBUTES; i++)
      Sleep(50);
    fputs("ended\n", file);
  }
  fclose(file);
  return 0;
}
