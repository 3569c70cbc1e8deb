// Qiskit's C API. Its tables belong to one translation unit, so no other one may include this.
#pragma once

#define QISKIT_PYTHON_EXTENSION
#include <Python.h>
#include <qiskit.h>

#include <memory>

namespace ketjet::qiskit_bridge {

// What `free` gives back to Qiskit.
template <auto free>
struct Given {
    template <class T>
    void operator()(T* owned) const {
        free(owned);
    }
};

// The functions are entries of a table that is filled on import, so none of them is a constant.
inline void free_parameter(QkParam* parameter) { qk_param_free(parameter); }
inline void free_control_flow(QkControlFlowInstruction* operation) { qk_control_flow_instruction_free(operation); }

inline void free_rotation(QkPauliProductRotation* rotation) { qk_pauli_product_rotation_clear(rotation); }

using OwnedParameter = std::unique_ptr<QkParam, Given<free_parameter>>;
using OwnedControlFlow = std::unique_ptr<QkControlFlowInstruction, Given<free_control_flow>>;

}  // namespace ketjet::qiskit_bridge
