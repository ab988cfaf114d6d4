//===- harness.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The command line of a compiled program. */

#include "program.h"

const char *program;
const octet_variant *variant;

int refuse(const char *message) {
  fprintf(stderr, "%s: %s\n", program, message);
  return 1;
}

int usage(void) {
  fprintf(stderr,
          "usage: %s COMMAND [FLAGS]\n"
          "  run     --input X.npz --output Y.npz   outputs for every sample\n"
          "  eval    --data D.npz [--json F]        top-1 and top-5\n"
          "  bench   [--runs N] [--json F]          latency and rate\n"
          "  inspect [--json F]                     layers and kernels\n",
          program);
  return 2;
}

/* Flags */

static int parse(int argc, char **argv, options *o) {
  struct {
    const char *flag;
    const char **value;
  } texts[] = {{"--input", &o->input},
               {"--output", &o->output},
               {"-o", &o->output},
               {"--data", &o->data},
               {"--json", &o->json}};
  for (int i = 2; i < argc; ++i) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!strcmp(argv[i], "--serve")) {
      o->serve = 1;
      continue;
    }
    if (!value)
      return usage();
    int known = 0;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; ++t)
      if (!strcmp(argv[i], texts[t].flag)) {
        *texts[t].value = value;
        known = 1;
      }
    if (!strcmp(argv[i], "--runs") || !strcmp(argv[i], "--threads")) {
      char *end;
      long long number = strtoll(value, &end, 10);
      if (*end || number < 1 || number > 10000000)
        return refuse("a count must be a positive number");
      if (!strcmp(argv[i], "--runs"))
        o->runs = number;
      else if (number != 1)
        return refuse("this program was compiled for one thread; use "
                      "--threads 1");
      known = 1;
    }
    if (!known)
      return usage();
    ++i;
  }
  return 0;
}

/* Chooses the code to run; 0, or 1 after a message. */
static int choose(void) {
  octet_status status;
  variant = octet_choose(model, NULL, &status);
  if (variant)
    return 0;
  const char *isa = getenv("OCTET_ISA");
  if (isa && *isa && status == OCTET_ISA_MISSING)
    fprintf(stderr, "%s: OCTET_ISA=%s: this CPU lacks that instruction set;",
            program, isa);
  else if (isa && *isa)
    fprintf(stderr, "%s: OCTET_ISA=%s: this program has no code for it;",
            program, isa);
  else
    fprintf(stderr, "%s: this CPU cannot run this program, which", program);
  fprintf(stderr, " %s compiled for", isa && *isa ? "it was" : "was");
  for (int i = 0; i < model->num_variants; ++i)
    fprintf(stderr, "%s %s", i ? "," : "", model->variants[i].isa);
  fprintf(stderr, isa && *isa ? "\n" : "; compile it with --target generic\n");
  return 1;
}

/* Main */

int octet_harness_main(int argc, char **argv) {
  program = argv[0];
  options o = {0};
  if (model->abi_version != OCTET_ABI_VERSION)
    return refuse("the model was compiled for another version of the harness");
  if (argc < 2)
    return usage();
  int status = parse(argc, argv, &o);
  if (!status)
    status = choose();
  if (status)
    return status;
  if (!strcmp(argv[1], "run"))
    return command_run(&o);
  if (!strcmp(argv[1], "eval"))
    return command_eval(&o);
  if (!strcmp(argv[1], "bench"))
    return command_bench(&o);
  if (!strcmp(argv[1], "inspect"))
    return command_inspect(&o);
  if (!strcmp(argv[1], "calibrate") && model->num_observed > 0)
    return command_calibrate(&o);
  return usage();
}
