#include "engine/io/json_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "engine/tensor/error.h"

namespace nascent {
namespace {

char byte_at(const File& file, off_t offset) {
  char byte = 0;
  ssize_t got;
  do {
    got = ::pread(file.descriptor(), &byte, 1, offset);
  } while (got < 0 && errno == EINTR);
  if (got != 1) throw_file_error(file.path(), "cannot read", got < 0 ? errno : EIO);
  return byte;
}

}  // namespace

JsonLines::JsonLines(const std::filesystem::path& path) : file_(path, O_RDWR | O_CREAT | O_APPEND) {
  const off_t size = ::lseek(file_.descriptor(), 0, SEEK_END);
  if (size < 0) throw_file_error(path, "cannot append", errno);
  off_t whole = size;
  while (whole > 0 && byte_at(file_, whole - 1) != '\n') --whole;
  if (whole != size && ::ftruncate(file_.descriptor(), whole) != 0) throw_file_error(path, "cannot append", errno);
}

void JsonLines::append(std::string_view json) {
  if (json.empty() || json.find_first_of("\r\n") != std::string_view::npos)
    throw ContractError("json_lines", "expected one value on one line, got an empty one or a line break",
                        Where::current());
  file_.write(std::string(json) + '\n');
}

}  // namespace nascent
