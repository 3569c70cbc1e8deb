// A state together with the arrays of its memory that Python has: while one of them is alive the state knows nothing of
// what is in it, for anybody may write there.
#pragma once

#include <pybind11/numpy.h>

#include <algorithm>
#include <atomic>
#include <complex>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/buffer_pool.hpp"
#include "base/fork.hpp"
#include "bindings/gil.hpp"
#include "exec/copy_state.hpp"
#include "exec/write_out.hpp"
#include "run/run.hpp"

namespace ketjet::bindings {

namespace py = pybind11;

// All its functions are called with the GIL. Calls that change the state come one at a time, and never while another
// one reads it; arrays may be asked for at any time.
template <class T>
class HeldState {
 public:
    // Amplitudes are unspecified, but for those of the qubits that are only stored.
    explicit HeldState(int num_qubits) : state_(num_qubits, minimum_state_qubits) {
        if (num_qubits < minimum_state_qubits)
            std::fill_n(state_.amplitudes(), state_.stored_size(), std::complex<T>());
        written_out_.store(state_.is_written_out());
    }
    // One rank's share of a state.
    HeldState(int local_qubits, int total_qubits, int rank)
        : state_(StateVector<T>::share(local_qubits, total_qubits, static_cast<Index>(rank) << local_qubits)) {
        if (local_qubits < minimum_state_qubits) throw std::invalid_argument("a share is too small");
        written_out_.store(state_.is_written_out());
    }
    HeldState(const HeldState&) = delete;
    HeldState& operator=(const HeldState&) = delete;
    ~HeldState() { note_untouched(0); }

    int num_qubits() const { return state_.num_qubits(); }
    // The stored qubits that are known to be |0>.
    Index fresh() const { return state_.fresh(); }
    // Whether `array` has to write nothing.
    bool is_written_out() const { return changing_ || written_out_.load(); }

    // An array of the memory. While the state is being changed it is written out at the end of that.
    py::array_t<std::complex<T>> array(const py::object& self, const RunContext& context) {
        ++arrays_;
        auto export_of_self = std::make_unique<Export>(Export{self, this});
        const py::capsule owner(export_of_self.release(), [](void* p) {
            const std::unique_ptr<Export> ended(static_cast<Export*>(p));
            --ended->held->arrays_;
        });
        if (!is_written_out()) write_out(context);
        return py::array_t<std::complex<T>>({static_cast<py::ssize_t>(state_.size())}, state_.amplitudes(), owner);
    }

    void write_out(const RunContext& context) {
        {
            std::mutex& mutex = mutex_of_this_process();
            const ReleasedGil released;
            const std::lock_guard lock(mutex);
            ketjet::write_out(state_, context);
            written_out_.store(true);
        }
        note_untouched(0);
    }

    void set_zero(const RunContext& context) {
        change(context, false, [&] {
            state_.set_active(0);
            if (arrays_.load() > 0) ketjet::write_out(state_, context);
        });
    }

    // Likewise with the GIL, if that takes no time to speak of; returns whether it has.
    bool set_zero_at_once(const RunContext& context) {
        const bool is_written = arrays_.load() > 0;
        if (is_written && state_.size() > few_items) return false;
        change(context, true, [&] {
            state_.set_active(0);
            if (is_written) ketjet::write_out(state_, context);
        });
        return true;
    }

    void copy_from(const HeldState& source, const RunContext& context) {
        change(context, false, [&] {
            state_.set_all_active();
            copy_active(source.state_, state_, context);
        });
    }

    // Lets read(state) see all amplitudes, without the GIL.
    template <class Read>
    auto read(const RunContext& context, Read read) {
        if (!written_out_.load()) write_out(context);
        const ReleasedGil released;
        return read(std::as_const(state_));
    }

    // Lets read(state, other) see all amplitudes of both, without the GIL.
    template <class Other, class Read>
    auto read_both(HeldState<Other>& other, const RunContext& context, Read read) {
        if (!written_out_.load()) write_out(context);
        if (!other.written_out_.load()) other.write_out(context);
        const ReleasedGil released;
        return read(std::as_const(state_), std::as_const(other.state_));
    }

    // Makes change_state(state), without the GIL.
    template <class Change>
    auto evolve(const RunContext& context, Change change_state) {
        std::vector<std::uint64_t> result;
        change(context, false, [&] { result = change_state(state_); });
        return result;
    }

    // Makes change_state(state), which is brief; with the GIL where that takes less time than to give it away.
    template <class Change>
    void evolve_here(const RunContext& context, bool keeps_gil, Change change_state) {
        change(context, keeps_gil, [&] { change_state(state_); });
    }

 private:
    template <class>
    friend class HeldState;

    struct Export {
        py::object self;
        HeldState* held;
    };

    struct Changing {
        explicit Changing(HeldState& held) : held_(held) { held_.changing_ = true; }
        Changing(const Changing&) = delete;
        Changing& operator=(const Changing&) = delete;
        ~Changing() {
            held_.changing_ = false;
            held_.written_out_.store(held_.state_.is_written_out());
        }
        HeldState& held_;
    };

    template <class Make>
    void change(const RunContext& context, bool keeps_gil, Make make) {
        const Changing changing(*this);
        {
            std::mutex& mutex = mutex_of_this_process();
            std::optional<ReleasedGil> released;
            if (!keeps_gil) released.emplace();
            const std::lock_guard lock(mutex);
            make();
        }
        written_out_.store(state_.is_written_out());
        while (arrays_.load() > 0 && !written_out_.load()) write_out(context);
        note_untouched(written_out_.load() ? 0 : state_.stored_size() - bit(count_bits(state_.active())));
    }

    // In a forked child no thread is left that holds what the parent's threads held.
    std::mutex& mutex_of_this_process() {
        if (const unsigned now = forks.load(std::memory_order_relaxed); forks_ != now) {
            forks_ = now;
            static_cast<void>(mutex_.release());
            mutex_ = std::make_unique<std::mutex>();
        }
        return *mutex_;
    }

    // Of the memory that may never have been touched, so many amplitudes are promised all the same.
    void note_untouched(Index amplitudes) {
        const std::size_t least = state_.is_fresh() ? sizeof(std::complex<T>) * amplitudes : 0;
        const std::size_t now = was_touched_ ? std::min(least, untouched_) : least;
        was_touched_ = true;
        if (now != untouched_) {
            buffer_pool().promise(static_cast<std::ptrdiff_t>(now) - static_cast<std::ptrdiff_t>(untouched_));
        }
        untouched_ = now;
    }

    StateVector<T> state_;
    std::atomic<int> arrays_{0};
    std::atomic<bool> written_out_{true};
    bool changing_ = false;
    std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();  // held while memory is written
    unsigned forks_ = forks.load(std::memory_order_relaxed);
    std::size_t untouched_ = 0;  // bytes
    bool was_touched_ = false;
};

}  // namespace ketjet::bindings
