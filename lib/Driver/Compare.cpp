//===- Compare.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// eval and bench: several programs side by side. Every program runs in a
// process of its own and is measured by its own harness.
//
//===----------------------------------------------------------------------===//

#include "Session.h"
#include "octet/Runtime/harness.h"
#include "octet/Runtime/npz.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir;
using namespace octet;

static std::optional<std::vector<Program>>
openAll(const CommandOptions &options) {
  std::vector<Program> programs;
  for (const std::string &path : options.inputs) {
    auto program = Program::open(path, options);
    if (!program)
      return std::nullopt;
    programs.push_back(std::move(*program));
  }
  return programs;
}

/// Runs a program to its end; its exit status, 1 if it could not be run.
static int execute(const Program &program, ArrayRef<StringRef> arguments) {
  SmallVector<StringRef> all{program.path()};
  llvm::append_range(all, arguments);
  std::string message;
  int status = llvm::sys::ExecuteAndWait(program.path(), all, std::nullopt, {},
                                         0, 0, &message);
  if (status < 0)
    return refuse(program.name() + ": " + message);
  return status;
}

int octet::runProgram(StringRef command, const CommandOptions &options) {
  auto program = Program::open(options.inputs[0], options);
  if (!program)
    return 1;
  SmallVector<StringRef> arguments{command};
  for (auto [flag, value] : {std::pair("--input", &options.input),
                             {"--output", &options.output},
                             {"--json", &options.json}})
    if (!value->empty())
      arguments.append({StringRef(flag), StringRef(*value)});
  return execute(*program, arguments);
}

static int writeJson(const std::string &path, llvm::json::Value value) {
  if (path.empty())
    return 0;
  return writeFile(path, [&](llvm::raw_ostream &os) {
    os << llvm::formatv("{0:2}\n", value);
  });
}

/// An infinite ratio is written as 999: JSON has no infinity.
static double finiteDb(double x) { return std::isfinite(x) ? x : 999.0; }

//===----------------------------------------------------------------------===//
// Speed
//===----------------------------------------------------------------------===//

namespace {

/// A program that waits to be told how often to run.
class BenchProcess {
public:
  BenchProcess(const BenchProcess &) = delete;
  BenchProcess() = default;
  ~BenchProcess() {
    if (toChild)
      fclose(toChild);
    if (fromChild)
      fclose(fromChild);
    if (pid > 0)
      waitpid(pid, nullptr, 0);
  }

  bool start(const Program &program) {
    int down[2], up[2];
    // Close-on-exec: a program must see the end of its input even while others,
    // started later, are still running.
    if (pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC))
      return false;
    pid = fork();
    if (pid == 0) {
      dup2(down[0], 0);
      dup2(up[1], 1);
      std::string path = program.path().str();
      execl(path.c_str(), path.c_str(), "bench", "--serve", nullptr);
      _exit(127);
    }
    close(down[0]);
    close(up[1]);
    toChild = fdopen(down[1], "w");
    fromChild = fdopen(up[0], "r");
    char text[16];
    long long m = 0, b = 1;
    if (pid < 0 || !toChild || !fromChild ||
        fscanf(fromChild, "octet-bench %15s %lld %lld", text, &m, &b) != 3)
      return false;
    precision = text;
    macs = m;
    return true;
  }

  bool run(int64_t count) {
    fprintf(toChild, "%lld\n", static_cast<long long>(count));
    fflush(toChild);
    for (int64_t i = 0; i < count; ++i) {
      double ns;
      if (fscanf(fromChild, "%lf", &ns) != 1)
        return false;
      times.push_back(ns);
    }
    return true;
  }

  std::string precision;
  int64_t macs = 0;
  std::vector<double> times;

private:
  pid_t pid = -1;
  FILE *toChild = nullptr, *fromChild = nullptr;
};

} // namespace

int octet::runBench(const CommandOptions &options) {
  auto programs = openAll(options);
  if (!programs)
    return 1;
  std::vector<BenchProcess> processes(programs->size());
  constexpr int rounds = 20;
  std::vector<int64_t> perRound;
  for (auto [program, process] : llvm::zip(*programs, processes)) {
    if (!process.start(program) || !process.run(2))
      return refuse(program.name() +
                    ": is no compiled program of this version");
    // Each program gets about two seconds, five runs a round at least.
    int64_t runs = options.runs
                       ? llvm::divideCeil(options.runs, rounds)
                       : static_cast<int64_t>(2e9 / rounds / process.times[1]);
    perRound.push_back(std::clamp<int64_t>(runs, options.runs ? 1 : 5, 100000));
    process.times.clear();
  }
  octet_machine machine;
  octet_describe_machine(&machine);
  for (int round = 0; round < rounds; ++round) {
    octet_measure_peaks(&machine);
    for (auto [i, process] : llvm::enumerate(processes))
      if (!process.run(perRound[i]))
        return refuse((*programs)[i].name() + ": stopped while it was timed");
    octet_progress("timing", round + 1, rounds);
  }

  llvm::outs() << llvm::formatv(
      "{0}, {1}, one thread; peak {2:f0} GOPS int8, {3:f0} GFLOPS fp32\n\n",
      machine.cpu, machine.isa, machine.peak_int8_gops,
      machine.peak_fp32_gflops);
  llvm::outs() << llvm::formatv(
      "{0,-32} {1,9} {2,11} {3,11} {4,11} {5,9} {6,8} {7,8}\n", "program",
      "precision", "median", "min", "p95", "GOPS", "of peak", "speed");
  llvm::json::Array rows;
  double first = 0;
  for (auto [program, process] : llvm::zip(*programs, processes)) {
    auto t = octet_summarize(process.times.data(), process.times.size());
    double gops = 2e-6 * process.macs / t.median_ms;
    double peak = process.precision == "int8" ? machine.peak_int8_gops
                                              : machine.peak_fp32_gflops;
    if (first == 0)
      first = t.median_ms;
    llvm::outs() << llvm::format(
        "%-32s %9s %8.3f ms %8.3f ms %8.3f ms %9.1f %7.1f%% %7.2fx\n",
        program.name().str().c_str(), process.precision.c_str(), t.median_ms,
        t.min_ms, t.p95_ms, gops, peak > 0 ? 100 * gops / peak : 0.0,
        first / t.median_ms);
    rows.push_back(llvm::json::Object{{"path", program.name()},
                                      {"precision", process.precision},
                                      {"median_ms", t.median_ms},
                                      {"min_ms", t.min_ms},
                                      {"p95_ms", t.p95_ms},
                                      {"gops", gops}});
  }
  return writeJson(
      options.json,
      llvm::json::Object{
          {"machine",
           llvm::json::Object{{"cpu", machine.cpu},
                              {"isa", machine.isa},
                              {"peak_int8_gops", machine.peak_int8_gops},
                              {"peak_fp32_gflops", machine.peak_fp32_gflops}}},
          {"programs", std::move(rows)}});
}

//===----------------------------------------------------------------------===//
// Accuracy
//===----------------------------------------------------------------------===//

namespace {
struct Outputs {
  octet_npz npz = {};
  ~Outputs() { octet_npz_close(&npz); }

  const float *data() const {
    return reinterpret_cast<const float *>(npz.arrays[0].data);
  }
};
} // namespace

/// The precision that a program says it has.
static std::string precisionOf(const Program &program) {
  BenchProcess process;
  return process.start(program) ? process.precision : "?";
}

int octet::runEval(const CommandOptions &options) {
  auto programs = openAll(options);
  if (!programs)
    return 1;
  octet_error error = {};
  Outputs data;
  if (octet_npz_read(options.data.c_str(), &data.npz, &error))
    return refuse(error.text);
  const octet_array *labels = octet_npz_find(&data.npz, "labels");

  std::vector<Outputs> outputs(programs->size());
  for (auto [program, output] : llvm::zip(*programs, outputs)) {
    SmallString<128> path;
    if (llvm::sys::fs::createTemporaryFile("octet-outputs", "npz", path))
      return refuse("cannot create a temporary file");
    llvm::FileRemover remover(path);
    StringRef arguments[] = {"run", "--input", options.data, "--output", path};
    if (int status = execute(program, arguments))
      return status;
    if (octet_npz_read(path.c_str(), &output.npz, &error))
      return refuse(error.text);
  }
  const octet_array &reference = outputs[0].npz.arrays[0];
  int64_t samples = reference.rank > 0 ? reference.shape[0] : 1;
  int64_t count = octet_array_elements(&reference);
  int64_t classes = count / std::max<int64_t>(samples, 1);
  for (auto [program, output] : llvm::zip(*programs, outputs))
    if (octet_array_elements(&output.npz.arrays[0]) != count)
      return refuse(program.name() + ": its outputs have another shape than " +
                    (*programs)[0].name() + "'s");
  if (labels && (labels->rank != 1 || labels->shape[0] != samples))
    return refuse(options.data +
                  ": 'labels' must hold one class for each sample");

  llvm::outs() << llvm::formatv(
      "{0} samples\n\n{1,-32} {2,9} {3,8} {4,8} {5,12} {6,10} {7,9}\n", samples,
      "program", "precision", "top-1", "top-5", "bytes", "agreement", "SQNR");
  llvm::json::Array rows;
  double agreement = 100, sqnr = 999;
  for (auto [i, program] : llvm::enumerate(*programs)) {
    const float *scores = outputs[i].data();
    uint64_t bytes = 0;
    (void)llvm::sys::fs::file_size(program.name(), bytes);
    std::string precision = precisionOf(program);
    llvm::json::Object row{{"path", program.name()},
                           {"precision", precision},
                           {"bytes", static_cast<int64_t>(bytes)}};
    std::string top1 = "-", top5 = "-";
    if (labels) {
      double one = 100 * octet_top_k(scores, samples, classes, labels, 1);
      double five = 100 * octet_top_k(scores, samples, classes, labels, 5);
      top1 = llvm::formatv("{0:f2}%", one).str();
      top5 = llvm::formatv("{0:f2}%", five).str();
      row["top1"] = one;
      row["top5"] = five;
    }
    agreement =
        100 * octet_agreement(outputs[0].data(), scores, samples, classes);
    sqnr = finiteDb(octet_sqnr_db(outputs[0].data(), scores, count));
    llvm::outs() << llvm::format(
        "%-32s %9s %8s %8s %12llu %9.2f%% %6.2f dB\n",
        program.name().str().c_str(), precision.c_str(), top1.c_str(),
        top5.c_str(), static_cast<unsigned long long>(bytes), agreement, sqnr);
    rows.push_back(std::move(row));
  }
  return writeJson(options.json,
                   llvm::json::Object{{"samples", samples},
                                      {"programs", std::move(rows)},
                                      {"agreement", agreement},
                                      {"sqnr_db", sqnr}});
}
