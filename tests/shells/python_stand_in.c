/* A substitute for python.exe, because the tests under wine have no Python for Windows.
 *
 * It appends its arguments as a line to the file in RECORD. If GATE is set, it waits up to a
 * minute for that file, and appends "ended".
 */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static void record(int count, char **words) {
  FILE *file = fopen(getenv("RECORD"), "a");
  for (int i = 0; i < count; i++)
    fprintf(file, "%s%c", words[i], i + 1 < count ? ' ' : '\n');
  fclose(file);
}

int main(int argc, char **argv) {
  char *gate = getenv("GATE"), *end = "ended";
  record(argc - 1, argv + 1);
  if (gate) {
    for (int i = 0; i < 1200 && GetFileAttributesA(gate) == INVALID_FILE_ATTRIBUTES; i++)
      Sleep(50);
    record(1, &end);
  }
  return 0;
}
