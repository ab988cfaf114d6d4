#include "octet/Runtime/harness.h"

int main(int argc, char **argv) { return octet_harness_main(argc, argv); }
