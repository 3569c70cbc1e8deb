// One walk over the code. Whether an op can fail is read off the op before it where that pushes a constant.
#include "plan/memory_use.hpp"

#include <algorithm>

#include "program/classical_code.hpp"

namespace ketjet {

namespace {

class MemoryUseReader {
 public:
    explicit MemoryUseReader(const Program& program) : num_clbits_(static_cast<std::uint32_t>(program.num_clbits())) {}

    void operator()(const ClassicalStep& step) {
        switch (step.op) {
            case ClassicalOp::load_bits:
                add_bits(step.list, use_.reads);
                break;
            case ClassicalOp::load_words:
                add_words(step.immediates[0], step.immediates[1], use_.reads);
                break;
            case ClassicalOp::store_bits:
                add_bits(step.list, use_.writes);
                break;
            case ClassicalOp::store_words:
                add_words(step.immediates[0], step.immediates[1], use_.writes);
                break;
            case ClassicalOp::store_bit_at:
                add_bits(step.list, use_.touches);
                use_.may_fail = true;
                break;
            case ClassicalOp::store_word_bit_at:
                add_words(step.immediates[1], (step.immediates[2] + 63) / 64, use_.touches);
                use_.may_fail = true;
                break;
            case ClassicalOp::require:
                add_words(step.immediates[0] / 64, 1, use_.reads);
                use_.may_fail = true;
                break;
            case ClassicalOp::set_flag:
            case ClassicalOp::clear_flag:
                add_words(step.immediates[0] / 64, 1, use_.touches);
                break;
            case ClassicalOp::div:
                use_.may_fail = use_.may_fail || !after_number_;
                break;
            case ClassicalOp::index:
            case ClassicalOp::select:
            case ClassicalOp::float_to_uint:
                use_.may_fail = true;
                break;
            default:
                break;
        }
        after_number_ = step.op == ClassicalOp::constant &&
                        std::ranges::any_of(step.list, [](std::int64_t word) { return word != 0; });
    }

    MemoryUse take() { return std::move(use_); }

 private:
    static void add_bits(std::span<const std::int64_t> clbits, std::vector<std::uint32_t>& places) {
        for (const std::int64_t clbit : clbits) places.push_back(static_cast<std::uint32_t>(clbit));
    }
    void add_words(std::int64_t first, std::int64_t count, std::vector<std::uint32_t>& places) const {
        for (std::int64_t word = first; word < first + count; ++word) {
            places.push_back(num_clbits_ + static_cast<std::uint32_t>(word));
        }
    }

    std::uint32_t num_clbits_;
    MemoryUse use_;
    bool after_number_ = false;  // the op before pushed a constant that is not 0
};

}  // namespace

std::size_t memory_places(const Program& program) {
    return static_cast<std::size_t>(program.num_clbits() + program.memory_words() - program.clbit_words());
}

MemoryUse memory_use(const Program& program, std::span<const std::int64_t> code) {
    MemoryUseReader reader(program);
    for_each_step(code, reader);
    return reader.take();
}

}  // namespace ketjet
