#include "octet/Driver/CommandLine.h"

int main(int argc, char **argv) {
  octet::CommandLine line;
  if (!line.parse(argc, argv))
    return 2;
  return line.run();
}
