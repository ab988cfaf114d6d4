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

#include "ModelFlags.h"
#include "Session.h"
#include "octet/Harness/harness.h"
#include "octet/Harness/samples.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
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
  if (checkModelFlags(options))
    return std::nullopt;
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
  // Under the name that the user knows.
  SmallVector<StringRef> all{program.name()};
  llvm::append_range(all, arguments);
  std::string message;
  int status = llvm::sys::ExecuteAndWait(program.path(), all, std::nullopt, {},
                                         0, 0, &message);
  if (status < 0)
    return refuse(program.name() + ": " + message);
  return status;
}

int octet::runProgram(StringRef command, const CommandOptions &options) {
  if (int status = checkModelFlags(options))
    return status;
  auto program = Program::open(options.inputs[0], options);
  if (!program)
    return 1;
  SmallVector<StringRef> arguments{command};
  std::string threads = options.threads ? std::to_string(*options.threads) : "";
  std::string runs = options.runs ? std::to_string(options.runs) : "";
  for (auto [flag, value] : {std::pair("--input", &options.input),
                             {"--output", &options.output},
                             {"--json", &options.json},
                             {"--threads", &std::as_const(threads)},
                             {"--runs", &std::as_const(runs)}})
    if (!value->empty())
      arguments.append({StringRef(flag), StringRef(*value)});
  if (options.layers)
    arguments.push_back("--layers");
  return execute(*program, arguments);
}

/// Infinite ratios are written as 999 and -999: JSON has no infinity.
static double finiteDb(double x) { return std::clamp(x, -999.0, 999.0); }

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

  bool start(const Program &program, int64_t threads) {
    int down[2], up[2];
    // Close-on-exec: a program must see the end of its input even while others,
    // started later, are still running.
    if (pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC))
      return false;
    pid = fork();
    if (pid == 0) {
      dup2(down[0], 0);
      dup2(up[1], 1);
      std::string path = program.path().str(), text = std::to_string(threads);
      execl(path.c_str(), path.c_str(), "bench", "--serve", "--threads",
            text.c_str(), nullptr);
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
  if (options.layers)
    return runProgram("bench", options);
  auto programs = openAll(options);
  if (!programs)
    return 1;
  int64_t threads = options.threads.value_or(1);
  std::unique_ptr<octet_pool, decltype(&octet_pool_destroy)> pool(
      octet_pool_create(threads, /*pinned=*/1), octet_pool_destroy);
  if (!pool)
    return refuse(Twine(threads) +
                  " threads cannot be started; give --threads less");
  std::vector<BenchProcess> processes(programs->size());
  constexpr int rounds = 20;
  std::vector<int64_t> perRound;
  for (auto [program, process] : llvm::zip(*programs, processes)) {
    if (!process.start(program, threads) || !process.run(2))
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
    octet_measure_peaks(&machine, pool.get());
    for (auto [i, process] : llvm::enumerate(processes))
      if (!process.run(perRound[i]))
        return refuse((*programs)[i].name() + ": stopped while it was timed");
    octet_progress("timing", round + 1, rounds);
  }

  char threadsText[32];
  octet_print_threads(threads, threadsText);
  llvm::outs() << llvm::formatv(
      "{0}, {1}, {2}; peak {3:f0} GOPS int8, {4:f0} GFLOPS fp32\n\n",
      machine.cpu, machine.isa, threadsText, machine.peak_int8_gops,
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
          {"threads", threads},
          {"programs", std::move(rows)}});
}

//===----------------------------------------------------------------------===//
// Accuracy
//===----------------------------------------------------------------------===//

namespace {

/// What a program computed of a data set.
struct Outputs {
  octet_npz npz = {};
  std::string precision;
  int64_t samples = 0;
  bool hasLabels = false;
  /// Rows that are judged, of each output; see Harness/samples.h.
  SmallVector<int64_t> rows;

  Outputs() = default;
  Outputs(const Outputs &) = delete;
  ~Outputs() { octet_npz_close(&npz); }

  ArrayRef<octet_array> arrays() const {
    return {npz.arrays, static_cast<size_t>(npz.count)};
  }

  /// Reads what `run --report` wrote; false if it is not that.
  bool readReport(StringRef path) {
    auto text = llvm::MemoryBuffer::getFile(path);
    if (!text)
      return false;
    auto parsed = llvm::json::parse((*text)->getBuffer());
    if (!parsed) {
      llvm::consumeError(parsed.takeError());
      return false;
    }
    const auto *report = parsed->getAsObject();
    const auto *list = report ? report->getArray("rows") : nullptr;
    if (!list || list->size() != arrays().size())
      return false;
    precision = report->getString("precision").value_or("?").str();
    samples = report->getInteger("samples").value_or(0);
    hasLabels = report->getBoolean("labels").value_or(false);
    for (const auto &[value, array] : llvm::zip(*list, arrays())) {
      rows.push_back(value.getAsInteger().value_or(0));
      if (rows.back() < 1 || octet_array_elements(&array) % rows.back())
        return false;
    }
    return true;
  }
};

/// A program against the first one.
struct Distance {
  double agreement, sqnr;

  Distance(const octet_array &reference, const octet_array &array, int64_t rows)
      : agreement(100 * octet_agreement(&reference, &array, rows)),
        sqnr(finiteDb(octet_sqnr_db(&reference, &array))) {}
};

} // namespace

/// Runs `program` over all samples of `data`; the exit status.
static int computeOutputs(const Program &program, const CommandOptions &options,
                          Outputs &outputs) {
  auto path = TemporaryFile::create("octet-outputs", "npz");
  if (!path)
    return refuse(llvm::toString(path.takeError()));
  auto report = TemporaryFile::create("octet-report", "json");
  if (!report)
    return refuse(llvm::toString(report.takeError()));
  std::string threads = std::to_string(options.threads.value_or(1));
  StringRef arguments[] = {"run",          "--input",    options.data,
                           "--output",     path->path(), "--report",
                           report->path(), "--threads",  threads};
  if (int status = execute(program, arguments))
    return status;
  octet_error error = {};
  if (octet_npz_read(path->path().str().c_str(), &outputs.npz, &error))
    return refuse(error.text);
  if (outputs.arrays().empty() || !outputs.readReport(report->path()))
    return refuse(program.name() + ": is no compiled program of this version");
  return 0;
}

/// True if both programs have the same outputs.
static bool areComparable(const Outputs &a, const Outputs &b) {
  if (a.rows != b.rows)
    return false;
  for (const auto &[x, y] : llvm::zip(a.arrays(), b.arrays()))
    if (StringRef(x.name) != y.name || (x.kind == 'f') != (y.kind == 'f') ||
        ArrayRef<int64_t>(x.shape, x.rank) !=
            ArrayRef<int64_t>(y.shape, y.rank))
      return false;
  return true;
}

int octet::runEval(const CommandOptions &options) {
  auto programs = openAll(options);
  if (!programs)
    return 1;
  octet_error error = {};
  Outputs data;
  if (octet_npz_read(options.data.c_str(), &data.npz, &error))
    return refuse(error.text);
  std::vector<Outputs> outputs(programs->size());
  for (auto [program, output] : llvm::zip(*programs, outputs)) {
    if (int status = computeOutputs(program, options, output))
      return status;
    if (!areComparable(outputs[0], output))
      return refuse(program.name() +
                    ": its outputs have other names, types or shapes than " +
                    (*programs)[0].name() + "'s");
  }
  // Labels are the classes of the first output.
  const octet_array *labels = outputs[0].hasLabels
                                  ? octet_npz_find(&data.npz, "labels", &error)
                                  : nullptr;
  if (!labels && error.text[0])
    return refuse(error.text);
  const octet_array &scores = outputs[0].arrays().front();
  int64_t rows = outputs[0].rows.front();
  if (labels && octet_check_labels(options.data.c_str(), labels, rows,
                                   octet_array_elements(&scores) / rows,
                                   scores.name, &error))
    return refuse(error.text);

  llvm::outs() << outputs[0].samples << " samples";
  if (rows != outputs[0].samples)
    llvm::outs() << ", " << rows << " rows";
  llvm::outs() << llvm::formatv(
      "\n\n{0,-32} {1,9} {2,8} {3,8} {4,12} {5,10} {6,9}\n", "program",
      "precision", "top-1", "top-5", "bytes", "agreement", "SQNR");
  llvm::json::Array list;
  double agreement = 100, sqnr = 999;
  for (auto [program, output] : llvm::zip(*programs, outputs)) {
    uint64_t bytes = 0;
    (void)llvm::sys::fs::file_size(program.name(), bytes);
    llvm::json::Object entry{{"path", program.name()},
                             {"precision", output.precision},
                             {"bytes", static_cast<int64_t>(bytes)}};
    std::string top1 = "-", top5 = "-";
    if (labels) {
      const octet_array &own = output.arrays().front();
      double one = 100 * octet_top_k(&own, rows, labels, 1);
      double five = 100 * octet_top_k(&own, rows, labels, 5);
      top1 = llvm::formatv("{0:f2}%", one).str();
      top5 = llvm::formatv("{0:f2}%", five).str();
      entry["top1"] = one;
      entry["top5"] = five;
    }
    std::string perOutput;
    llvm::json::Array judged;
    agreement = 100;
    sqnr = 999;
    for (auto [reference, array, count] :
         llvm::zip(outputs[0].arrays(), output.arrays(), output.rows)) {
      Distance distance(reference, array, count);
      agreement = std::min(agreement, distance.agreement);
      sqnr = std::min(sqnr, distance.sqnr);
      judged.push_back(llvm::json::Object{{"name", array.name},
                                          {"agreement", distance.agreement},
                                          {"sqnr_db", distance.sqnr}});
      llvm::raw_string_ostream(perOutput)
          << llvm::format("  %-70s %11.2f%% %6.2f dB\n", array.name,
                          distance.agreement, distance.sqnr);
    }
    entry["outputs"] = std::move(judged);
    llvm::outs() << llvm::format(
        "%-32s %9s %8s %8s %12llu %9.2f%% %6.2f dB\n",
        program.name().str().c_str(), output.precision.c_str(), top1.c_str(),
        top5.c_str(), static_cast<unsigned long long>(bytes), agreement, sqnr);
    if (output.rows.size() > 1)
      llvm::outs() << perOutput;
    list.push_back(std::move(entry));
  }
  return writeJson(options.json,
                   llvm::json::Object{{"samples", outputs[0].samples},
                                      {"rows", rows},
                                      {"programs", std::move(list)},
                                      {"agreement", agreement},
                                      {"sqnr_db", sqnr}});
}
