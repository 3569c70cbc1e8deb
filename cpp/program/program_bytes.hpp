// Programs as bytes (base/bytes.hpp), without slots: one that was packed, and others that were rewritten from it.
// Payloads that they share are written once, and shared again when they are read.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "program/program.hpp"

namespace ketjet {

// A hash of the names behind all codes: of gates, instructions and classical code. Bytes mean nothing where it differs.
std::uint64_t vocabulary();

class ProgramWriter {
 public:
    explicit ProgramWriter(ByteWriter& bytes) : bytes_(bytes) {}

    void put(const Program& original);
    // Of the same source as the original, or the original itself.
    void put_rewritten(const Program& program);

 private:
    struct OperationWriter;
    template <class Entry>
    void put_payload(const std::vector<Entry>& values);

    ByteWriter& bytes_;
    std::unordered_map<const void*, std::uint32_t> payloads_;
};

// Throws DamagedBytes, or std::invalid_argument where bytes were read that make no program.
class ProgramReader {
 public:
    explicit ProgramReader(ByteReader& bytes) : bytes_(bytes) {}

    // All its slots are 0.
    Program get();
    Program get_rewritten(const Program& original);

 private:
    struct OperationReader;
    std::shared_ptr<const Payload> get_payload();

    ByteReader& bytes_;
    std::vector<std::shared_ptr<const Payload>> payloads_;
};

}  // namespace ketjet
