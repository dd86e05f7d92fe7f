#include "engine/io/gzip.h"

#include <catch2/catch.hpp>

#include "engine/tensor/random.h"
#include "tests/engine/io/temporary_folder.h"

using namespace nascent;
using namespace nascent::test;

namespace {

constexpr std::uint64_t kLimit = 1 << 20;

// Bytes that do not pack well, so that a cut falls inside the compressed data.
std::string noise(std::size_t count) {
  const Random random(1, "test noise");
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(random.bits(i));
  return bytes;
}

std::string unpacked(const std::filesystem::path& path, std::uint64_t limit = kLimit) {
  const auto bytes = read_gzip(path, limit);
  return {bytes.begin(), bytes.end()};
}

void check_refused(const std::filesystem::path& path, const std::string& reason, std::uint64_t limit = kLimit) {
  check_message(message_of<DataError>([&] { read_gzip(path, limit); }), path, reason);
}

}  // namespace

TEST_CASE("gzip: what was packed comes back", "[gzip]") {
  TemporaryFolder folder;
  for (const std::string& bytes : {std::string(), std::string("x"), noise(100'000), std::string(1'000'000, 'a')})
    CHECK(unpacked(folder.write("a.gz", gzip(bytes))) == bytes);
}

TEST_CASE("gzip: the limit is exact and a bomb stops at it", "[gzip]") {
  TemporaryFolder folder;
  const auto path = folder.write("a.gz", gzip(std::string(100'000, 'a')));
  CHECK(unpacked(path, 100'000).size() == 100'000);
  check_refused(path, "unpacks to more than the 99999 bytes", 99'999);
  check_refused(path, "unpacks to more than the 0 bytes", 0);
}

TEST_CASE("gzip: a prefix does not need the rest", "[gzip]") {
  const std::string packed = gzip(noise(100'000)).substr(0, 1000);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(packed.data()), packed.size());
  const auto prefix = gunzip_prefix(bytes, "a.gz", 16);
  CHECK(std::string(prefix.begin(), prefix.end()) == noise(16));
}

TEST_CASE("gzip: damaged files are refused with the reason", "[gzip]") {
  TemporaryFolder folder;
  const std::string bytes = noise(10'000), packed = gzip(bytes);
  const auto refused = [&](const std::string& contents, const std::string& reason) {
    check_refused(folder.write("a.gz", contents), reason);
  };
  refused(packed.substr(0, packed.size() / 2),
          "compressed data ends early, after " + std::to_string(packed.size() / 2) + " bytes");
  refused(packed.substr(0, 5), "compressed data ends early");
  for (std::size_t missing = 1; missing <= 8; ++missing)
    refused(packed.substr(0, packed.size() - missing), "checksum and length at its end are missing");
  std::string flipped = packed;
  flipped[packed.size() - 8] = static_cast<char>(flipped[packed.size() - 8] ^ 1);
  refused(flipped, "gzip checksum mismatch");
  flipped = packed;
  flipped[packed.size() - 1] = static_cast<char>(flipped[packed.size() - 1] ^ 1);
  refused(flipped, "gzip checksum mismatch");
  refused("<html><body>404</body></html>", "not gzip (starts with '<html'): looks like a web page");
  refused("\n\n  <!DOCTYPE html>", "looks like a web page");
  refused(bytes.substr(0, 100), "not gzip");
  refused("", "file is empty");
  refused(packed + "12345678", "8 unexpected bytes after the gzip stream");
  refused(packed + gzip("more"), "a second gzip member follows the first");
}

TEST_CASE("gzip: no damaged byte goes unnoticed", "[gzip]") {
  TemporaryFolder folder;
  const std::string bytes = "a short text, a short text, a short text", packed = gzip(bytes);
  for (std::size_t at = 0; at < packed.size(); ++at) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const auto path = folder.write("a.gz", damaged);
    INFO("byte " << at << " of " << packed.size());
    // The header's time, level and system carry no data, nor do the bits that fill the last byte of the deflate stream.
    const bool means_nothing = (at >= 4 && at <= 9) || at == packed.size() - 9;
    if (means_nothing)
      CHECK(unpacked(path) == bytes);
    else
      CHECK_THROWS_AS(unpacked(path), DataError);
  }
}

TEST_CASE("gzip: a missing file and a folder are the file system's errors", "[gzip]") {
  TemporaryFolder folder;
  check_message(message_of<FileError>([&] { read_gzip(folder / "no.gz", kLimit); }), folder / "no.gz",
                "No such file or directory");
  check_message(message_of<FileError>([&] { read_gzip(folder.path(), kLimit); }), folder.path(), "Is a directory");
}
