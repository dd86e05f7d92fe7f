#pragma once
// Every error Nascent raises. The class decides the exit code of a program (docs/getting-started.md).
#include <source_location>
#include <stdexcept>
#include <string>

namespace nascent {

using Where = std::source_location;

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
  virtual int exit_code() const { return 1; }
};
// A caller broke an operation's contract: "[conv2d] expected ..., got ... (file.cpp:41)".
struct ContractError : Error {
  ContractError(const std::string& who, const std::string& what, const Where& where);
};
struct UsageError : Error {  // a flag or argument a person typed
  using Error::Error;
  int exit_code() const override { return 2; }
};
struct DataError : Error {  // a file whose contents cannot be used: "path: what. How to mend."
  using Error::Error;
  int exit_code() const override { return 3; }
};
struct FileError : Error {  // the file system said no: missing, unwritable, full
  using Error::Error;
  int exit_code() const override { return 4; }
};
struct MemoryError : Error {  // more than was allowed, said before it is taken
  using Error::Error;
};
struct NumericError : Error {  // a loss or gradient that is not a number
  using Error::Error;
  int exit_code() const override { return 5; }
};

}  // namespace nascent
