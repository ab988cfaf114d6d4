#include "octet/Import/ONNX/Import.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"

int main(int argc, char **argv) {
  octet::registerOnnxTranslation();
  return mlir::failed(
      mlir::mlirTranslateMain(argc, argv, "Octet translation driver\n"));
}
