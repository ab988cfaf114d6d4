#ifndef OCTET_DIALECT_OCTET_IR_OCTETOPS_TD
#define OCTET_DIALECT_OCTET_IR_OCTETOPS_TD

include "octet/Dialect/Octet/IR/OctetGraphOps.td"
include "octet/Dialect/Octet/IR/OctetIntegerOps.td"

#endif // OCTET_DIALECT_OCTET_IR_OCTETOPS_TD
