//go:build !go1.27

#include "textflag.h"

// A frame begins with the address of its caller's, and above that is the return address. The
// first function of a goroutine has none above it.

// func Callers(pcs []uintptr) int
TEXT ·Callers(SB), NOSPLIT, $0-32
	MOVQ pcs_base+0(FP), DI
	MOVQ pcs_len+8(FP), CX
	XORQ AX, AX
	MOVQ BP, SI
next:
	CMPQ AX, CX
	JGE  done
	TESTQ SI, SI
	JZ   done
	MOVQ 8(SI), DX
	MOVQ DX, (DI)(AX*8)
	INCQ AX
	MOVQ (SI), SI
	JMP  next
done:
	MOVQ AX, ret+24(FP)
	RET
