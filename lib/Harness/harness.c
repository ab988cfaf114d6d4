//===- harness.c ----------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* The command line of a compiled program. */

#include "program.h"

#include <getopt.h>

const char *program;
const octet_variant *variant;

int refuse(const char *message) {
  fprintf(stderr, "%s: %s\n", program, message);
  return 1;
}

/* The command line */

static const command commands[] = {
    {"run", "--input X.npz --output Y.npz [--threads N]",
     "outputs for every sample", command_run, "iort", "io"},
    {"eval", "--data D.npz [--threads N] [--json F]", "top-1 and top-5",
     command_eval, "djt", "d"},
    {"bench", "[--layers] [--runs N] [--threads N] [--json F]",
     "latency and rate", command_bench, "lnjts", ""},
    {"inspect", "[--json F]", "layers and kernels", command_inspect, "j", ""},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

/* calibrate.c has others in its place. */
__attribute__((weak)) const command instrumented_commands[] = {{.name = NULL}};

static const struct option flags[] = {
    {"input", required_argument, NULL, 'i'},
    {"output", required_argument, NULL, 'o'},
    {"data", required_argument, NULL, 'd'},
    {"json", required_argument, NULL, 'j'},
    {"runs", required_argument, NULL, 'n'},
    {"threads", required_argument, NULL, 't'},
    {"layers", no_argument, NULL, 'l'},
    {"serve", no_argument, NULL, 's'},
    {"report", required_argument, NULL, 'r'},
    {"rounding", required_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
};
enum { FLAGS = sizeof flags / sizeof *flags };

static void help(FILE *file) {
  fprintf(file, "usage: %s COMMAND [FLAGS]\n", program);
  for (int i = 0; i < COMMANDS; ++i)
    fprintf(file, "  %-8s%-49s%s\n", commands[i].name, commands[i].usage,
            commands[i].help);
  fprintf(file, "  --help, --version\n");
}

#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)

static void version(void) {
  printf("octet " TEXT_OF(OCTET_VERSION) ", interface %d, %s model for",
         OCTET_ABI_VERSION, model->precision);
  for (int i = 0; i < model->num_variants; ++i)
    printf("%s %s", i ? "," : "", model->variants[i].isa);
  printf("\n");
}

/* Insertions, deletions and exchanges of characters that make `a` `b`; 99 for
 * long ones. */
static int distance(const char *a, const char *b) {
  enum { LONGEST = 32 };
  int row[LONGEST + 1], length = (int)strlen(b);
  if (strlen(a) > LONGEST || length > LONGEST)
    return 99;
  for (int j = 0; j <= length; ++j)
    row[j] = j;
  for (int i = 1; a[i - 1]; ++i) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= length; ++j) {
      int best = diagonal + (a[i - 1] != b[j - 1]);
      best = row[j] + 1 < best ? row[j] + 1 : best;
      best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[length];
}

/* Says that `given` is no flag or command, and which one may be meant; returns
 * 2. `what` is "command" or "flag", `of` the command whose flags count. */
static int unknown(const char *what, const char *given, const command *of) {
  const char *nearest = NULL;
  int least = 3, count = of ? FLAGS : COMMANDS;
  const char *bare = given + strspn(given, "-");
  for (int i = 0; i < count; ++i) {
    const char *name = of ? flags[i].name : commands[i].name;
    /* Flags of the driver are not for users. */
    int known = !of || (strchr(of->takes, flags[i].val) &&
                        !strchr("srq", flags[i].val));
    int far = distance(bare, name);
    if (known && far < least && far < (int)strlen(name)) {
      least = far;
      nearest = name;
    }
  }
  fprintf(stderr, "%s: %s '%s' is unknown", program, what, given);
  if (nearest)
    fprintf(stderr, "; is '%s%s' meant?", of ? "--" : "", nearest);
  fprintf(stderr, "; see %s --help\n", program);
  return 2;
}

static int misuse(const char *what, const char *flag) {
  fprintf(stderr, "%s: %s '--%s'; see %s --help\n", program, what, flag,
          program);
  return 2;
}

static const char *flag_name(int value) {
  for (int i = 0; i < FLAGS; ++i)
    if (flags[i].val == value)
      return flags[i].name;
  return "";
}

/* Sets the flag `value`; 0, or 2 after a message. */
static int set(options *o, int value, const char *text) {
  const char **texts[128] = {['i'] = &o->input,  ['o'] = &o->output,
                             ['d'] = &o->data,   ['j'] = &o->json,
                             ['r'] = &o->report, ['q'] = &o->rounding};
  if (texts[value]) {
    *texts[value] = text;
    return 0;
  }
  if (value == 's' || value == 'l') {
    *(value == 's' ? &o->serve : &o->layers) = 1;
    return 0;
  }
  char *end;
  long long number = strtoll(text, &end, 10);
  int is_number = end != text && !*end && number >= 1;
  if (value == 't' && !(is_number && number <= OCTET_MOST_THREADS))
    return misuse(
        "a number from 1 to " TEXT_OF(OCTET_MOST_THREADS) " is needed for",
        flag_name(value));
  if (!is_number || number > 10000000)
    return misuse("a positive number is needed for", flag_name(value));
  *(value == 't' ? &o->threads : &o->runs) = number;
  return 0;
}

/* Reads the flags of `c`; 0, or the exit status plus 1. */
static int parse(const command *c, int argc, char **argv, options *o) {
  struct option taken[FLAGS + 1] = {{0}};
  int count = 0;
  for (int i = 0; i < FLAGS; ++i)
    if (strchr(c->takes, flags[i].val) || strchr("hv", flags[i].val))
      taken[count++] = flags[i];
  char given[128] = {0};
  opterr = 0;
  optind = 2;
  for (;;) {
    /* It stops at the first argument, none of which belongs here. */
    int at = optind, value = getopt_long(argc, argv, "+:o:h", taken, NULL);
    if (value == -1)
      break;
    if (value == 'h') {
      help(stdout);
      return 1;
    }
    if (value == 'v') {
      version();
      return 1;
    }
    if (value == ':')
      return misuse("a value is needed for", flag_name(optopt)) + 1;
    if (value == '?' || !strchr(c->takes, value))
      return unknown("flag", argv[at], c) + 1;
    int status = set(o, value, optarg);
    if (status)
      return status + 1;
    given[value] = 1;
  }
  if (optind < argc)
    return unknown("argument", argv[optind], c) + 1;
  for (const char *need = c->needs; *need; ++need)
    if (!given[(int)*need])
      return misuse("this command needs", flag_name(*need)) + 1;
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

/* Callers hold shapes in arrays of OCTET_MAX_RANK. */
static int check_ranks(void) {
  for (int i = 0; i < model->num_inputs + model->num_outputs; ++i) {
    const octet_tensor *t = i < model->num_inputs
                                ? &model->inputs[i]
                                : &model->outputs[i - model->num_inputs];
    if (t->rank <= OCTET_MAX_RANK)
      continue;
    fprintf(stderr, "%s: '%s' has %d dimensions; at most %d are possible\n",
            program, t->name, t->rank, OCTET_MAX_RANK);
    return 1;
  }
  return 0;
}

/* The command of this name; null if there is none. */
static const command *find_command(const char *name) {
  for (int i = 0; i < COMMANDS; ++i)
    if (!strcmp(name, commands[i].name))
      return &commands[i];
  for (const command *c = instrumented_commands; c->name; ++c)
    if (!strcmp(name, c->name))
      return c;
  return NULL;
}

/* Main */

int octet_harness_main(int argc, char **argv) {
  program = argc > 0 ? argv[0] : "program";
  options o = {0};
  if (model->abi_version != OCTET_ABI_VERSION)
    return refuse("the model was compiled for another version of the harness");
  if (argc < 2) {
    help(stderr);
    return 2;
  }
  if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
      !strcmp(argv[1], "help")) {
    help(stdout);
    return 0;
  }
  if (!strcmp(argv[1], "--version")) {
    version();
    return 0;
  }
  const command *found = find_command(argv[1]);
  if (!found)
    return unknown(argv[1][0] == '-' ? "flag" : "command", argv[1], NULL);
  int status = parse(found, argc, argv, &o);
  if (status)
    return status - 1;
  return check_ranks() || choose() ? 1 : found->run(&o);
}
