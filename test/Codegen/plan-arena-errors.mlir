// RUN: octet-opt %s --octet-plan-arena -verify-diagnostics

// expected-error @+1 {{has no function octet_run}}
module {
}
