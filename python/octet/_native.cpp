//===- _native.cpp --------------------------------------------------------===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs a loaded model: the fast path of octet.Program. It knows nothing of the
// compiler. What needs converting is Python's.
//
//===----------------------------------------------------------------------===//

#include "octet/Harness/pool.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace nb = nanobind;

namespace {

/// The memory of an array in C order, for as long as this lives.
class View {
public:
  View(nb::handle array, int flags)
      : isOpen(PyObject_GetBuffer(array.ptr(), &buffer,
                                  flags | PyBUF_C_CONTIGUOUS) == 0) {
    if (!isOpen)
      PyErr_Clear();
  }
  View(View &&other) noexcept : buffer(other.buffer), isOpen(other.isOpen) {
    other.isOpen = false;
  }
  View(const View &) = delete;
  View &operator=(const View &) = delete;
  ~View() {
    if (isOpen)
      PyBuffer_Release(&buffer);
  }

  explicit operator bool() const { return isOpen; }
  const Py_buffer *operator->() const { return &buffer; }

private:
  Py_buffer buffer = {};
  bool isOpen;
};

/// NumPy's names of octet_dtype, and the characters of formats that buffers
/// have in the machine's byte order.
constexpr const char *dtypeNames[] = {"float32", "uint8", "int8",    "int32",
                                      "int64",   "bool",  "float16", "float64"};
constexpr const char *dtypeFormats[] = {"f",  "B", "b", "i",
                                        "lq", "?", "e", "d"};

/// True if `array` has the element type of `tensor` and can be read in place.
bool hasType(const View &array, const octet_tensor &tensor) {
  const char *format = array->format;
  auto size = octet_dtype_size(tensor.dtype);
  if (!format || !*format || format[1] ||
      !std::strchr(dtypeFormats[tensor.dtype], *format) ||
      array->itemsize != static_cast<Py_ssize_t>(size) ||
      reinterpret_cast<uintptr_t>(array->buf) % size != 0)
    return false;
  if (tensor.dtype != OCTET_BOOL)
    return true;
  // NumPy's bools may hold other bytes; compiled code knows 0 and 1.
  auto *bytes = static_cast<const uint8_t *>(array->buf);
  return std::all_of(bytes, bytes + array->len,
                     [](uint8_t byte) { return byte <= 1; });
}

struct NoThreads : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A context, its memory, and the threads that it runs on beside the caller.
struct Context {
  struct Free {
    void operator()(void *memory) const { std::free(memory); }
    void operator()(octet_pool *pool) const { octet_pool_destroy(pool); }
  };

  /// Threads may run on any CPU: so may their caller, and other contexts'.
  Context(const octet_model *model, octet_options options)
      : threads(options.threads) {
    if (threads > 1) {
      pool.reset(octet_pool_create(threads, /*pinned=*/0));
      if (!pool)
        throw NoThreads(std::to_string(threads) +
                        " threads cannot be started; give fewer");
      process = getpid();
      options.parallel_for = octet_pool_run;
      options.pool = pool.get();
    }
    size_t size = octet_context_size(model, &options);
    memory.reset(std::aligned_alloc(OCTET_ALIGNMENT, size));
    if (!memory)
      throw std::bad_alloc();
    octet_status status =
        octet_context_create(model, &options, memory.get(), size, &context);
    if (status != OCTET_OK)
      throw nb::value_error("the model has no such target, or the CPU");
  }

  int32_t threads;
  /// That has the threads; 0 of a context without any.
  pid_t process = 0;
  std::unique_ptr<octet_pool, Free> pool;
  std::unique_ptr<void, Free> memory;
  octet_context *context = nullptr;
};

class Runner {
public:
  Runner(nb::object handle, uintptr_t address, const char *target)
      : handle(std::move(handle)),
        model(reinterpret_cast<const octet_model *>(address)) {
    octet_status status;
    const octet_variant *variant = octet_choose(model, target, &status);
    if (!variant)
      throw nb::value_error("the model has no such target, or the CPU");
    options.isa = variant->isa;
    nb::module_ numpy = nb::module_::import_("numpy");
    arrayType = numpy.attr("ndarray");
    empty = numpy.attr("empty");
    for (int32_t i = 0; i < model->num_outputs; ++i) {
      const octet_tensor &output = model->outputs[i];
      dtypes.push_back(numpy.attr("dtype")(dtypeNames[output.dtype]));
      names.push_back(nb::steal<nb::str>(PyUnicode_DecodeUTF8(
          output.name, static_cast<Py_ssize_t>(std::strlen(output.name)),
          "backslashreplace")));
    }
    for (int32_t i = model->num_inputs; i-- > 0;)
      if (model->inputs[i].symbolic_batch)
        batch = model->inputs[i].shape[0];
  }

  void run(std::vector<uintptr_t> inputs, const std::vector<uintptr_t> &outputs,
           int64_t samples, int32_t threads) {
    if (inputs.size() != static_cast<size_t>(model->num_inputs) ||
        outputs.size() != static_cast<size_t>(model->num_outputs))
      throw nb::value_error("an address is needed for each tensor");
    // Models refuse to read their inputs' addresses at 0, if there is none too.
    inputs.reserve(1);
    execute(take(threads), reinterpret_cast<const void *const *>(inputs.data()),
            reinterpret_cast<void *const *>(outputs.data()), samples);
  }

  /// The result of one inference of arrays that need no conversion; None where
  /// they do, or are of another shape or number, or there cannot be as many
  /// threads.
  nb::object call(const nb::args &arrays, int32_t threads) {
    auto count = static_cast<size_t>(model->num_inputs);
    if (arrays.size() != count || threads < 1 || threads > OCTET_MOST_THREADS)
      return nb::none();
    std::vector<View> views;
    std::vector<void *> places;
    views.reserve(count + dtypes.size());
    places.reserve(count + dtypes.size());
    int64_t samples = 0;
    for (size_t i = 0; i < count; ++i) {
      nb::handle array = arrays[i];
      if (!array.type().is(arrayType))
        return nb::none();
      views.emplace_back(array, PyBUF_FORMAT);
      const View &view = views.back();
      if (!view || !hasType(view, model->inputs[i]) ||
          !hasShape(view, model->inputs[i], samples))
        return nb::none();
      places.push_back(view->buf);
    }
    samples = std::max<int64_t>(samples, 1);
    std::vector<nb::object> results;
    results.reserve(dtypes.size());
    for (size_t i = 0; i < dtypes.size(); ++i) {
      results.push_back(empty(shapeOf(model->outputs[i], samples), dtypes[i]));
      views.emplace_back(results.back(), PyBUF_WRITABLE);
      if (!views.back())
        return nb::none();
      places.push_back(views.back()->buf);
    }
    std::unique_ptr<Context> context;
    try {
      context = take(threads);
    } catch (const NoThreads &) {
      return nb::none();
    }
    execute(std::move(context), places.data(), places.data() + count, samples);
    if (results.size() == 1)
      return results.front();
    nb::dict named;
    for (size_t i = 0; i < results.size(); ++i)
      named[names[i]] = results[i];
    return named;
  }

private:
  /// True if `view` has the shape of `tensor`, with as many samples as those
  /// before, which are 0 as long as there is none, and no more than a batch.
  bool hasShape(const View &view, const octet_tensor &tensor,
                int64_t &samples) const {
    if (view->ndim != tensor.rank)
      return false;
    for (int32_t d = tensor.symbolic_batch ? 1 : 0; d < tensor.rank; ++d)
      if (view->shape[d] != tensor.shape[d])
        return false;
    if (!tensor.symbolic_batch)
      return true;
    int64_t given = view->shape[0];
    if (samples == 0)
      samples = given;
    return given == samples && given > 0 && given <= batch;
  }

  nb::object shapeOf(const octet_tensor &tensor, int64_t samples) const {
    PyObject *shape = PyTuple_New(tensor.rank);
    if (!shape)
      nb::raise_python_error();
    for (int32_t d = 0; d < tensor.rank; ++d) {
      int64_t size = tensor.shape[d];
      if (d == 0 && tensor.symbolic_batch)
        size = size / batch * samples;
      PyTuple_SetItem(shape, d, PyLong_FromLongLong(size));
    }
    return nb::steal(shape);
  }

  void execute(std::unique_ptr<Context> context, const void *const *inputs,
               void *const *outputs, int64_t samples) {
    octet_status status;
    {
      nb::gil_scoped_release release;
      status = octet_run(context->context, inputs, outputs, samples);
    }
    giveBack(std::move(context));
    if (status != OCTET_OK)
      throw nb::value_error("samples or an address are 0");
  }

  // Contexts are taken and given back with the GIL: no lock of ours can be held
  // by another thread when a process forks.
  std::unique_ptr<Context> take(int32_t threads) {
    {
      nb::ft_lock_guard guard(mutex);
      // A child of fork has none of the threads.
      pid_t process = threads > 1 ? getpid() : 0;
      auto found = std::find_if(idle.rbegin(), idle.rend(), [&](auto &context) {
        return context->threads == threads && context->process == process;
      });
      if (found != idle.rend()) {
        std::unique_ptr<Context> context = std::move(*found);
        idle.erase(std::next(found).base());
        return context;
      }
    }
    octet_options own = options;
    own.threads = threads;
    return std::make_unique<Context>(model, own);
  }

  void giveBack(std::unique_ptr<Context> context) {
    nb::ft_lock_guard guard(mutex);
    // What is needed when more threads call than there are cores is freed.
    idle.push_back(std::move(context));
    if (idle.size() > most)
      idle.erase(idle.begin());
  }

  nb::object handle; // keeps the library loaded
  const octet_model *model;
  octet_options options = {};
  int64_t batch = 1;
  nb::object arrayType, empty;
  std::vector<nb::object> dtypes;
  std::vector<nb::str> names;
  nb::ft_mutex mutex;
  std::vector<std::unique_ptr<Context>> idle;
  const size_t most = std::max(1u, std::thread::hardware_concurrency());
};

} // namespace

NB_MODULE(_native, m) {
  // Programs that live as long as the interpreter are no mistake.
  nb::set_leak_warnings(false);
  nb::class_<Runner>(m, "Runner")
      .def(nb::init<nb::object, uintptr_t, const char *>())
      .def("run", &Runner::run, nb::arg("inputs"), nb::arg("outputs"),
           nb::arg("samples"), nb::arg("threads") = 1)
      .def("call", &Runner::call, nb::arg("arrays"), nb::arg("threads") = 1);
}
