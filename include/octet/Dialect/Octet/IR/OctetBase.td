//===- OctetBase.td ---------------------------------------*- tablegen -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Types, base classes and common facts of Octet's operations.
//
//===----------------------------------------------------------------------===//

#ifndef OCTET_DIALECT_OCTET_IR_OCTETBASE_TD
#define OCTET_DIALECT_OCTET_IR_OCTETBASE_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "octet/Dialect/Octet/IR/Interfaces.td"
include "octet/Dialect/Octet/IR/OctetAttributes.td"

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

// 8-bit storage of quantized values: ui8, or si8 that holds q - 128.
def Octet_Storage : AnyTypeOf<[UI8, SI8]>;
def Octet_Quantized : Type<
    CPred<"::llvm::isa<::mlir::quant::QuantizedType>($_self)">, "quantized type">;
// What a network computes in: f32, !quant.uniform over 8 bits, or its storage.
def Octet_Real : AnyTypeOf<[F32, Octet_Storage, Octet_Quantized]>;
// What moves: real numbers, and the integers and truth values beside them.
def Octet_Any : AnyTypeOf<[Octet_Real, F16, F64, I1, I8, I16, I32, I64, UI16,
                           UI32, UI64]>;

def Octet_Tensor : RankedTensorOf<[Octet_Real]>;
def Octet_AnyTensor : RankedTensorOf<[Octet_Any]>;
def Octet_F32Tensor : RankedTensorOf<[F32]>;
def Octet_StorageTensor : RankedTensorOf<[Octet_Storage]>;

// Scalars of integer operations are operands, not attributes: layers that
// differ in nothing else share one kernel. Every i32 scalar is a zero point.
// Quantized values are numbers of their storage's type: where that is si8, they
// and their zero points are 128 less than in ui8.
def Octet_ZeroPoint : TypeAlias<I32, "zero point">;

//===----------------------------------------------------------------------===//
// Facts
//===----------------------------------------------------------------------===//

// Answers to interfaces that many operations share, members of their classes.
class Octet_Facts<code text> { code declarations = text; }

// Operands broadcast as in NumPy; each element depends on its own alone.
def Octet_ElementwiseDimensions : Octet_Facts<[{
  ::llvm::SmallVector<int64_t> getDimensionSources(unsigned operand, unsigned result) {
    return ::octet::facts::broadcastSources(*this, operand, result);
  }
  bool permuteDimensions(::llvm::ArrayRef<int64_t>) { return true; }
}]>;

class Octet_Scale<string role> : Octet_Facts<[{
  ::octet::ScaleRole getScaleRole() { return ::octet::ScaleRole::}] # role # [{; }
}]>;
def Octet_OwnScale : Octet_Scale<"Own">;
def Octet_SameScale : Octet_Scale<"Same">;
def Octet_JoinedScale : Octet_Scale<"Joined">;
def Octet_FunctionScale : Octet_Scale<"Function">;
def Octet_FloatScale : Octet_Scale<"Float">;
def Octet_IntegerScale : Octet_Scale<"Integer">;

// Answers that an operation gives in its own file.
def Octet_OwnDimensions : Octet_Facts<[{
  ::llvm::SmallVector<int64_t> getDimensionSources(unsigned operand, unsigned result);
}]>;
def Octet_PermutableDimensions : Octet_Facts<[{
  bool permuteDimensions(::llvm::ArrayRef<int64_t> permutation);
}]>;
def Octet_OwnRows : Octet_Facts<[{
  ::std::optional<int64_t> inferRows(::llvm::ArrayRef<int64_t> rows, int64_t batch);
}]>;
def Octet_IntegerForm : Octet_Facts<[{
  ::mlir::FailureOr<::mlir::Value> foldScales(::octet::ScaleFolder &folder);
}]>;
def Octet_FloatReasons : Octet_Facts<[{
  ::std::string explainFloat();
}]>;
def Octet_CountsMacs : Octet_Facts<[{
  int64_t countMacs();
}]>;

def Octet_CopiesBoxes : Octet_Facts<[{
  ::std::vector<::octet::BoxCopy> getBoxes();
}]>;

def Octet_LabelledByKind : Octet_Facts<[{
  ::llvm::StringRef getLabel() { return stringifyEnum(getKind()); }
}]>;

// The result's shape follows from operands and attributes; its element type is
// the verifier's business, since scales do not follow from anything.
def Octet_InferredShape : InferTypeOpAdaptorBase<[{
  static bool isCompatibleReturnTypes(::mlir::TypeRange inferred,
                                      ::mlir::TypeRange actual) {
    return ::octet::facts::haveOneShape(inferred, actual);
  }
}]>;

//===----------------------------------------------------------------------===//
// Base classes
//===----------------------------------------------------------------------===//

def Octet_StaticShapes : NativeOpTrait<"StaticShapes"> {
  let cppNamespace = "::octet";
}

// Every operation answers to these; the dialect does not build otherwise.
class Octet_Op<string mnemonic, list<Octet_Facts> facts,
               list<Trait> traits = []>
    : Op<Octet_Dialect, mnemonic, [Pure, Octet_StaticShapes,
        Octet_DimensionOpInterface, Octet_ScaleOpInterface,
        DeclareOpInterfaceMethods<Octet_LoweringOpInterface>] # traits> {
  // Set where ONNX operators map to this operation: its file then defines
  // addOnnxBuilders, which enters them in the importer's table.
  bit hasOnnxBuilders = 0;
  code extraDeclarations = "";
  let extraClassDeclaration =
      !foldl("", facts, text, fact, !strconcat(text, fact.declarations)) #
      !if(hasOnnxBuilders,
          "static void addOnnxBuilders(::octet::OnnxBuilders &builders);", "") #
      extraDeclarations;
}

// An operation whose result's shape is inferred (inferReturnTypes).
class Octet_InferredOp<string mnemonic, list<Octet_Facts> facts,
                       list<Trait> traits = []>
    : Octet_Op<mnemonic, facts, traits # [Octet_InferredShape]>;

#endif // OCTET_DIALECT_OCTET_IR_OCTETBASE_TD
