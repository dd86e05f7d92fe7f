#pragma once
// gzip files read whole and strictly: one member, its checksum and length right, nothing after it. (zlib's own gzread
// takes a web page, an empty file or a file without its trailer without a word.)
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace nascent {

bool is_gzip(std::span<const std::uint8_t> bytes);

// Unpacks `packed`, the contents of the file `path`. DataError when it is cut, corrupt, no gzip at all, followed by
// anything, or unpacks to more than `limit` bytes.
std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t> packed, const std::filesystem::path& path,
                                 std::uint64_t limit);
// At most the first `count` unpacked bytes, to look at a header before memory is taken for what it promises.
std::vector<std::uint8_t> gunzip_prefix(std::span<const std::uint8_t> packed, const std::filesystem::path& path,
                                        std::size_t count);

// The file unpacked. FileError when it cannot be read, DataError as in gunzip.
std::vector<std::uint8_t> read_gzip(const std::filesystem::path& path, std::uint64_t limit);

}  // namespace nascent
