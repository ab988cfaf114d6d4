//===- program.h --------------------------------------------------*- C -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* What the files of a program's harness share. */

#ifndef OCTET_LIB_HARNESS_PROGRAM_H
#define OCTET_LIB_HARNESS_PROGRAM_H

#include "octet/Harness/harness.h"
#include "octet/Harness/output.h"
#include "octet/Harness/pool.h"
#include "octet/Harness/samples.h"

#include <stdlib.h>
#include <string.h>

/* The compiled model of this program, and the code of it that this CPU runs. */
extern const octet_model octet_compiled_model;
#define model (&octet_compiled_model)
extern const octet_variant *variant;

/* The name it was called by. */
extern const char *program;
/* What it runs on; null for the main thread alone. */
extern octet_pool *pool;

/* Flags of the command line; null or zero where not given. */
typedef struct {
  const char *input, *output, *data, *json;
  const char *report;   /* of `run`: what the driver's eval asks */
  const char *rounding; /* of `simulate` */
  int64_t runs, threads;
  int serve, layers;
} options;

/* A context and buffers for some batches. */
typedef struct {
  void *memory;
  octet_context *context;
  void **inputs, **outputs; /* what octet_run gets */
  void **buffers;           /* of inputs, then outputs */
} state;

typedef struct {
  const char *name;
  const char *usage, *help; /* of those that `--help` tells of */
  int (*run)(const options *);
  /* The flags it takes, and those it needs, by their letters. */
  const char *takes, *needs;
} command;

/* What only instrumented programs can do, up to one without a name: empty
 * unless the model has observers. */
extern const command instrumented_commands[];

/* Prints `program: message`; returns 1. */
int refuse(const char *message);

int64_t elements(const octet_tensor *t);
/* Samples of one inference: the batch of a symbolic one, or 1. */
int64_t batch(void);
int64_t total_macs(void);
/* A text of a layer of the variant's. */
const char *layer_text(uint32_t place);
/* Starts `threads` threads, this one among them; 0, or 1 after a message. */
int start_threads(int64_t threads);
/* A context that runs on `threads`, null for the caller alone, and buffers for
 * `batches` batches; 0, or 1 without memory. */
int allocate(state *s, octet_pool *threads, int64_t batches);
void release(state *s);
/* Starts over with a context in the same memory that calls `trace`, null for
 * none. */
void set_trace(state *s, octet_pool *threads, octet_trace trace,
               void *trace_state);
/* Runs the first batch. */
void infer(const state *s);

/* Opens a data set; 0, or 1 after a message. */
int open_data(const char *path, octet_npz *npz);
/* Finds the samples of a data set; 0, or 1 after a message. */
int find_samples(const char *path, const octet_npz *npz,
                 octet_samples *samples);
/* Load the inputs that all samples share, and those of `present` samples from
 * `at` on, on all threads; 0, or 1 after a message. */
int load_shared(const char *path, const octet_samples *samples, const state *s);
int load_batch(const char *path, const octet_samples *samples, int64_t at,
               int64_t present, const state *s);
/* Runs all of `samples`, from `path`, on all threads. Where `results` is given,
 * it receives an array for each output, whose data are `owned`. 0, or 1 after a
 * message. */
int run_all(const char *path, const octet_samples *samples,
            octet_array *results, const char *what);
/* Opens a file to write; null after a message. */
FILE *open_output(octet_output *output, const char *path);
/* Makes it appear; 0, or 1 after a message. */
int close_output(octet_output *output);

int command_run(const options *o);
int command_eval(const options *o);
int command_bench(const options *o);
/* Times `runs` inferences, in nanoseconds. */
void measure(const state *s, double *ns, int64_t runs);
/* The first line of what `bench` prints, without its end, and "machine" of its
 * report, with what was measured. */
void print_machine(const octet_machine *machine);
void write_machine(FILE *file, const octet_machine *machine);
/* `bench --layers`, on inputs that are there. */
int time_layers(const options *o, state *s);
int command_inspect(const options *o);
/* Only in instrumented programs; threads of those commands where none are asked
 * for: every CPU has one, but they leave the better part of the memory alone.
 */
int64_t calibration_threads(void);
int command_calibrate(const options *o);
int command_simulate(const options *o);

#endif /* OCTET_LIB_HARNESS_PROGRAM_H */
