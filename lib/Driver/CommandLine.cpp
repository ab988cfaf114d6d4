//===- CommandLine.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Driver/CommandLine.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace octet;
using llvm::StringRef;

namespace {

struct Command {
  StringRef name, usage, help;
  int (*run)(const CommandOptions &);
  size_t minInputs, maxInputs;
  /// Flags the command takes.
  std::vector<StringRef> flags;
};

int runRun(const CommandOptions &o) { return runProgram("run", o); }
int runInspect(const CommandOptions &o) { return runProgram("inspect", o); }

const std::vector<Command> &commands() {
  static const std::vector<StringRef> compile = {
      "-o",           "--calib",   "--ranges", "--method",
      "--percentile", "--target",  "--batch",  "--precision",
      "--compile-to", "--dump-ir", "--elide",  "--threads"};
  static const std::vector<Command> table = {
      {"compile", "M.onnx [--calib D.npz] -o PROGRAM",
       "compile a model to a native program", runCompile, 1, 1, compile},
      {"calibrate",
       "M.onnx --data D.npz -o ranges.json",
       "find the range of every tensor",
       runCalibrate,
       1,
       1,
       {"-o", "--data", "--method", "--percentile", "--batch"}},
      {"quantize", "M.onnx --calib D.npz [-o M.mlir]",
       "print the quantized graph", runQuantize, 1, 1, compile},
      {"import",
       "M.onnx [-o M.mlir]",
       "print the imported graph",
       runImport,
       1,
       1,
       {"-o", "--batch", "--elide"}},
      {"run",
       "P --input X.npz -o Y.npz",
       "run a program on every sample",
       runRun,
       1,
       1,
       {"--input", "-o", "--output", "--target"}},
      {"eval",
       "A B... --data D.npz [--json F]",
       "compare accuracy",
       runEval,
       1,
       64,
       {"--data", "--json", "--target"}},
      {"bench",
       "A B... [--runs N] [--json F]",
       "compare speed",
       runBench,
       1,
       64,
       {"--runs", "--json", "--threads", "--target"}},
      {"operators",
       "",
       "list the ONNX operators that are taken",
       runOperators,
       0,
       0,
       {}},
      {"inspect",
       "P [--json F]",
       "list layers, precision and kernels",
       runInspect,
       1,
       1,
       {"--json", "--target"}},
  };
  return table;
}

void printUsage() {
  llvm::errs() << "usage: octet COMMAND MODEL... [FLAGS]\n\n";
  for (const Command &command : commands())
    llvm::errs() << "  octet " << llvm::left_justify(command.name, 10)
                 << llvm::left_justify(command.usage, 38) << command.help
                 << "\n";
  llvm::errs()
      << "\nA MODEL is an .onnx or .mlir file or a compiled program.\n"
         "  --target T[,T...]  host (default), generic, avx2, avxvnni,\n"
         "                     avx512vnni, avx512vnni256, neon, neon-dotprod,\n"
         "                     neon-i8mm; several make one file for all\n"
         "  --precision P      int8 (with --calib or --ranges) or fp32\n"
         "  --method M         minmax or percentile (--percentile 99.999)\n"
         "  --batch N          samples in one inference (default 1)\n"
         "  --compile-to P     stop after a phase and write its IR\n"
         "  --dump-ir DIR      write the IR after every phase\n"
         "  --elide            shorten constants when printing IR\n";
}

bool misuse(const llvm::Twine &message) {
  llvm::errs() << "octet: " << message << "; see octet --help\n";
  return false;
}

const Command *findCommand(StringRef name) {
  for (const Command &command : commands())
    if (command.name == name)
      return &command;
  return nullptr;
}

/// Sets one flag's value; false if the value is no number where one is needed.
bool setFlag(CommandOptions &o, StringRef flag, StringRef value) {
  std::string *text = llvm::StringSwitch<std::string *>(flag)
                          .Cases({"-o", "--output"}, &o.output)
                          .Case("--calib", &o.calibration)
                          .Case("--ranges", &o.ranges)
                          .Case("--method", &o.method)
                          .Case("--target", &o.target)
                          .Case("--precision", &o.precision)
                          .Case("--compile-to", &o.compileTo)
                          .Case("--dump-ir", &o.dumpFolder)
                          .Case("--data", &o.data)
                          .Case("--json", &o.json)
                          .Case("--input", &o.input)
                          .Default(nullptr);
  if (text) {
    *text = value.str();
    return true;
  }
  if (flag == "--percentile")
    return !value.getAsDouble(o.percentile);
  int64_t number = 0;
  if (value.getAsInteger(10, number) || number < 1 || number > 1000000)
    return false;
  if (flag == "--batch")
    o.batch = number;
  else if (flag == "--runs")
    o.runs = number;
  else
    return number == 1; // --threads
  return true;
}

} // namespace

bool CommandLine::parse(int argc, char **argv) {
  if (argc < 2 || StringRef(argv[1]) == "--help" ||
      StringRef(argv[1]) == "-h") {
    printUsage();
    return false;
  }
  const Command *known = findCommand(argv[1]);
  if (!known)
    return misuse("command '" + llvm::Twine(argv[1]) + "' is unknown");
  command = argv[1];
  for (int i = 2; i < argc; ++i) {
    StringRef argument = argv[i];
    if (!argument.starts_with("-")) {
      options.inputs.push_back(argument.str());
      continue;
    }
    auto [flag, value] = argument.split('=');
    if (!llvm::is_contained(known->flags, flag))
      return misuse("'" + command + "' takes no flag " + flag);
    if (flag == "--elide") {
      options.elide = true;
      continue;
    }
    if (!argument.contains('=')) {
      if (++i == argc)
        return misuse("flag " + flag + " needs a value");
      value = argv[i];
    }
    if (!setFlag(options, flag, value))
      return misuse("flag " + flag + " cannot be '" + value + "'");
  }
  if (options.inputs.size() < known->minInputs ||
      options.inputs.size() > known->maxInputs)
    return misuse("usage: octet " + known->name + " " + known->usage);
  for (StringRef flag : {"--data", "--input"})
    if (llvm::is_contained(known->flags, flag) &&
        (flag == "--data" ? options.data : options.input).empty())
      return misuse("'" + command + "' needs " + flag);
  return true;
}

int CommandLine::run() const { return findCommand(command)->run(options); }
